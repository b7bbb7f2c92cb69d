import { randomBytes } from 'node:crypto'
import { createMasterSecret } from '@flywheel/keys'
import { createUuidv7 } from '@flywheel/schema'
import type { DeadLetterHead } from '@flywheel/store'
import { describe, expect, it } from 'vitest'
import { mendLine } from '../src/mend-line.js'

const master = createMasterSecret('a test secret of at least 32 characters')
const id = createUuidv7(Date.now, randomBytes)()

function mend(trust: DeadLetterHead['trust'], author_kind?: string) {
  const event = { type: 'feedback', id, schema_version: 1, kind: 'thumb', label: 'up', target_kind: 'turn', target: id }
  const letter = { type: 'feedback', event_id: id, trust, received_at: new Date().toISOString() } as DeadLetterHead
  const text = JSON.stringify({ ...event, ...(author_kind === undefined ? {} : { author_kind }) })
  return mendLine(master, 'p', text, letter).line.trust
}

describe('a mended line', () => {
  it.each(['public', 'ticket', ''] as const)('of trust %j speaks for no other author than an end user', (trust) => {
    expect(() => mend(trust, 'expert')).toThrow(/vouches for an end_user only/)
    expect(mend(trust, 'end_user')).toBe(trust === '' ? 'public' : trust)
    expect(mend(trust)).toBe(trust === '' ? 'public' : trust)
  })

  it('of a server speaks for whom it says', () => {
    expect(mend('server', 'expert')).toBe('server')
  })
})
