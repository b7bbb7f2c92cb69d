import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrapProject, createKeyDirectory } from '@flywheel/control'
import { deriveTicketKey, signTicket } from '@flywheel/keys'
import { migrate, openEmbedded, revokeKey } from '@flywheel/store'
import { expect, test } from 'vitest'
import { acceptedLines, interaction, master, ndjson, newId, startCollector, thumb } from './harness.js'

test('keys of a real store: the first start’s keys are taken, a ticket verifies, and both end with the revocation', async () => {
  const path = mkdtempSync(join(tmpdir(), 'flywheel-collector-store-'))
  const db = await openEmbedded({ path })
  await migrate(db)
  const { keys: plain } = await bootstrapProject({ db, master })
  const keys = await createKeyDirectory({ db, master, refresh_ms: 20 })
  const collector = await startCollector({ keys })
  const secret = plain?.secret as string
  const id = secret.split('_')[2] as string
  const bearer = { authorization: `Bearer ${secret}` }
  const sendTicket = () => {
    const e = Math.floor(Date.now() / 1000) + 60
    const ticket = signTicket(deriveTicketKey(secret), { k: id, t: 'turn', i: newId(), c: 0, a: ['thumb'], e })
    return collector.send(ndjson(thumb({ ticket })))
  }
  try {
    expect((await collector.send(ndjson(interaction()), bearer)).status).toBe(202)
    expect(collector.records[0]?.header).toMatchObject({ project_id: 'default', key_id: id })
    expect((await sendTicket()).status).toBe(202)
    expect(JSON.parse(acceptedLines(collector.records[1] as never)[0] as string)).toMatchObject({ target_kind: 'turn' })
    const feedback = ndjson(thumb({ target_kind: 'turn', target: newId() }))
    expect((await collector.send(feedback, { authorization: `Bearer ${plain?.public}` })).status).toBe(202)

    await revokeKey(db, id)
    await expect
      .poll(async () => (await collector.send(ndjson(interaction()), bearer)).status, { timeout: 5000 })
      .toBe(401)
    expect(await (await sendTicket()).json()).toMatchObject({ rejected: [{ code: 'ticket_revoked' }] })
  } finally {
    await collector.stop()
    keys.close()
    await db.close()
    rmSync(path, { recursive: true, force: true })
  }
})
