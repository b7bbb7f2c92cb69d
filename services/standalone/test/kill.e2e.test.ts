import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { interaction, ndjson } from './events.js'
import { type Child, kill, spawnChild } from './spawn-child.js'
import { ask, drained, makeFolder } from './support.js'

const KILLS = Number(process.env['FLYWHEEL_TEST_KILLS'] ?? 4)

it(`stores what it acknowledged exactly once over ${KILLS} kills at random moments`, async () => {
  const folder = await makeFolder()
  const acknowledged = new Set<string>()
  let key = ''
  let child: Child | null = null
  try {
    for (let round = 0; round <= KILLS; round++) {
      child = await spawnChild({ FLYWHEEL_DATA_DIR: folder.path, KNOWN_KEY: key })
      key = child.keys?.secret ?? key
      const { url } = child
      let isSending = true
      const sending = (async () => {
        while (isSending) {
          const events = Array.from({ length: 20 }, () => interaction())
          const body = ndjson(events)
          // Sent twice: a client that saw no answer sends the same bytes again.
          for (let attempt = 0; attempt < 2; attempt++) {
            const answer = await ask(url, key, '/v1/events', body).catch(() => null)
            if (answer?.status === 202) for (const { id } of events) acknowledged.add(id)
          }
        }
      })()
      await sleep(randomInt(50, 700))
      isSending = round < KILLS
      if (round < KILLS) {
        await kill(child)
        isSending = false
      }
      await sending
    }
    const { url } = child as Child
    await drained(url, key)
    const sql = 'SELECT toString(id) AS id, count() AS copies FROM interactions FINAL GROUP BY id'
    const { body } = await ask<{ rows: { id: string; copies: number }[] }>(url, key, '/v1/query', {
      sql,
      limit: 100_000,
    })
    const stored = new Map(body.rows.map((row) => [row.id, row.copies]))
    expect(acknowledged.size).toBeGreaterThan(0)
    expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([])
    expect([...stored.values()].filter((copies) => copies !== 1)).toEqual([])
    const { body: sums } = await ask(url, key, '/v1/accounting')
    expect(sums).toMatchObject({ balanced: true, missing_count: 0, lost_records: 0, duplicated_count: 0 })
  } finally {
    if (child !== null) await kill(child)
    await folder.remove()
  }
})
