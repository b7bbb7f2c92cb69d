import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { interaction, toNdjson } from './rows.js'

// An open-loop generator: sends bodies at a fixed rate whether or not earlier ones are answered, and asks for one event
// of every tenth body until the server can show it. Prints one JSON object; latencies in milliseconds.

const [url = '', key = '', rowsPerSecond = '0', seconds = '0'] = process.argv.slice(2)
const EVENTS = 50
const POLL_MS = 10
const bodies = Math.max(1, Math.round((Number(rowsPerSecond) * Number(seconds)) / EVENTS))
const gapMs = (1000 * EVENTS) / Number(rowsPerSecond)
const authorization = `Bearer ${key}`

const made = Array.from({ length: bodies }, () => {
  const rows = Array.from({ length: EVENTS }, interaction)
  return { id: String(rows.at(-1)?.['id']), body: gzipSync(toNdjson(rows), { level: 1 }) }
})

const ack: number[] = []
const queryable: number[] = []
const refused: Record<string, number> = {}

/** Milliseconds from the acknowledgement until the event is found. */
async function untilQueryable(id: string): Promise<number> {
  const accepted = performance.now()
  for (;;) {
    const answer = await fetch(`${url}/v1/interactions/${id}`, { headers: { authorization } })
    await answer.arrayBuffer()
    if (answer.status === 200) return performance.now() - accepted
    if (performance.now() - accepted > 60_000) throw new Error(`${id} is not found after a minute: ${answer.status}`)
    await sleep(POLL_MS)
  }
}

async function post({ id, body }: (typeof made)[number], due: number, isAsked: boolean): Promise<void> {
  const headers = { authorization, 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' }
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body })
  await answer.arrayBuffer()
  if (answer.status !== 202) {
    refused[answer.status] = (refused[answer.status] ?? 0) + 1
    return
  }
  // From when it was due: a server that stalls the generator too must not look fast.
  ack.push(performance.now() - due)
  if (isAsked) queryable.push(await untilQueryable(id))
}

const start = performance.now()
const open: Promise<void>[] = []
for (const [index, one] of made.entries()) {
  const due = start + index * gapMs
  const wait = due - performance.now()
  if (wait > 0) await sleep(wait)
  open.push(post(one, due, index % 10 === 0))
}
await Promise.all(open)
console.log(JSON.stringify({ bodies, rows: bodies * EVENTS, refused, ack, queryable }))
process.exit(0)
