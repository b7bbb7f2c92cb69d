import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../src/index.js'
import { feedback, freshStore, interaction, ndjson } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

test('a field goes into the column of exactly its name: another case is an unknown field, which no check has seen', async () => {
  // Each of these would pass a check of the collector: a public key's author kind, a reserved name, a range, an HMAC.
  await db.insert(
    'feedback',
    ndjson(feedback({ kind: 'copy', target_kind: 'ref', target: 'x', Author_Kind: 'expert' })),
  )
  await db.insert(
    'interactions',
    ndjson(
      interaction({
        Project_Id: 'another',
        PROMPT_HASH: 'forged',
        Usage_Input_Tokens: 4_294_967_297,
        User_Id: 'somebody',
        Status: 'error',
      }),
    ),
  )
  expect(await db.query('SELECT author_kind FROM feedback')).toEqual([{ author_kind: 'end_user' }])
  expect(
    await db.query(
      "SELECT project_id, prompt_hash = 'forged' AS is_forged, usage_input_tokens, user_id, status FROM interactions",
    ),
  ).toEqual([{ project_id: 'p', is_forged: 0, usage_input_tokens: null, user_id: '', status: 'ok' }])
})
