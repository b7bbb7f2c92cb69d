import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { interaction, ndjson } from './events.js'
import { ask, drained, makeFolder, start } from './support.js'

interface Sums {
  created: number
  accepted: number
  stored: number
  repeats: number
  receipt_lines: number
  distinct: number
  pending: number
  problems: string[]
  balanced: boolean
}

const ASKED = 50
const LINES = 20

it(`adds up every time it is asked, ${ASKED} times, while events come, repeat and are stored`, async () => {
  const folder = await makeFolder()
  const server = await start(folder.path)
  const key = server.keys?.secret ?? ''
  const send = (body: string, client: string) =>
    fetch(`${server.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'flywheel-client': client },
      body,
    })
  let isOver = false
  let sending: Promise<unknown> = Promise.resolve()
  try {
    let created = 0
    let sent = 0
    const sender = async (name: string): Promise<void> => {
      let seq = 0
      let own = 0
      while (!isOver) {
        const body = ndjson(Array.from({ length: LINES }, () => interaction()))
        own += LINES
        created += LINES
        // Sent again at times, as a client does that saw no answer.
        for (let attempt = 0; attempt < (seq % 3 === 0 ? 2 : 1); attempt++) {
          seq++
          const answer = await send(body, `instance=${name}; seq=${seq}; created=${own}; dropped=0; rejected=0`)
          expect(answer.status).toBe(202)
          sent += LINES
        }
        await sleep(10)
      }
    }
    sending = Promise.all(['a', 'b', 'c'].map(sender))
    let stored = 0
    for (let times = 0; times < ASKED; times++) {
      const { body } = await ask<Sums>(server.url, key, '/v1/accounting')
      expect(body.problems).toEqual([])
      expect(body.balanced).toBe(true)
      expect(body.stored).toBeGreaterThanOrEqual(stored)
      stored = body.stored
    }
    isOver = true
    await sending
    await drained(server.url, key)
    const { body } = await ask<Sums>(server.url, key, '/v1/accounting')
    expect(body).toMatchObject({ created, accepted: sent, stored: created, distinct: created, pending: 0 })
    expect(body).toMatchObject({ receipt_lines: sent, repeats: sent - created, balanced: true })
    expect(stored).toBeGreaterThan(0)
  } finally {
    isOver = true
    await sending.catch(() => undefined)
    await server.stop()
    await folder.remove()
  }
})
