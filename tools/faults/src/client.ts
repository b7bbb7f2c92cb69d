import { setTimeout as sleep } from 'node:timers/promises'
import { formatClientHeader } from '@flywheel/schema'
import type { Batch } from './events.js'
import type { Journal } from './journal.js'
import type { Random } from './random.js'

/** How long one attempt may take: longer than the server's own deadline of 20 s and than a suspension. */
const ATTEMPT_MS = 45_000
/** A body that is not answered for so long is a fault of the server: it was up again long before. */
const GIVE_UP_MS = 150_000
const HARSHEST_WAIT_MS = 1000

interface Rejections {
  rejected: { line: number; code: string }[]
}

export interface ClientOptions {
  name: string
  /** Asked before every attempt: a balancer knows which servers there are now. */
  url: () => string
  key: string
  round: number
  journal: Journal
  random: Random
  tally: Tally
}

/** What the clients of a round saw. */
export interface Tally {
  requests: number
  accepted: number
  rejected: number
  abandoned: number
  /** Answers other than 202 by status, and requests without one by error. */
  refusals: Record<string, number>
  /** Answers that no fault explains. */
  surprises: string[]
}

export function createTally(): Tally {
  return { requests: 0, accepted: 0, rejected: 0, abandoned: 0, refusals: {}, surprises: [] }
}

/** A client that keeps a body until it was answered, as the SDK does, and sends the same bytes again. */
export interface Client {
  /** Counts the events as created before the first attempt. */
  deliver(batch: Batch, options?: { mayAbandon?: boolean }): Promise<void>
  /** Counts nothing: the same bytes by one more client. */
  repeat(batch: Batch): Promise<void>
}

export function createClient({ name, url, key, round, journal, random, tally }: ClientOptions): Client {
  const counters = { instance: name, seq: 0, created: 0, dropped: 0, rejected: 0 }

  /** The answer; `lost` where none came, `refused` where nobody listened. */
  async function attempt(batch: Batch): Promise<{ status: number; body: unknown } | 'lost' | 'refused'> {
    tally.requests++
    counters.seq++
    try {
      const response = await fetch(`${url()}/v1/events`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/x-ndjson',
          'flywheel-client': formatClientHeader(counters),
          ...(batch.encoding === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
        },
        body: batch.bytes,
        signal: AbortSignal.timeout(ATTEMPT_MS),
      })
      const body: unknown = await response.json()
      if (response.status !== 202) count(String(response.status))
      return { status: response.status, body }
    } catch (error) {
      const { name: kind, cause } = error as Error
      const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? kind
      count(reason)
      return reason === 'ECONNREFUSED' ? 'refused' : 'lost'
    }
  }

  function count(refusal: string): void {
    tally.refusals[refusal] = (tally.refusals[refusal] ?? 0) + 1
  }

  function record(batch: Batch, rejected: Rejections['rejected'], isUncertain: boolean): void {
    const codes = new Map(rejected.map(({ line, code }) => [line, code]))
    for (const [index, event] of batch.events.entries()) {
      const code = codes.get(index)
      if (code === undefined) {
        tally.accepted++
        journal.write(event, round, 'accepted')
        if (event.planted === 'invalid') tally.surprises.push(`${event.id} is invalid and was accepted`)
      } else {
        tally.rejected++
        counters.rejected++
        journal.write(event, round, 'rejected', { code, isUncertain })
        if (event.planted !== 'invalid' && code !== 'overloaded') tally.surprises.push(`${event.id} rejected: ${code}`)
      }
    }
  }

  async function send(batch: Batch, mayAbandon: boolean): Promise<void> {
    const began = Date.now()
    let isUncertain = false
    while (Date.now() - began < GIVE_UP_MS) {
      const answer = await attempt(batch)
      if (typeof answer === 'object') {
        const { status, body } = answer
        // 422: every line is invalid, as planted ones may be.
        if (status === 202 || status === 422) return record(batch, (body as Rejections).rejected, isUncertain)
        if (status !== 429 && status < 500) {
          tally.surprises.push(`${status} ${JSON.stringify(body).slice(0, 300)}`)
          break
        }
      }
      if (answer !== 'refused') isUncertain = true
      // The most doubtful events: nobody but the store can tell what became of them.
      if (answer === 'lost' && mayAbandon && random.chance(0.15)) return abandon(batch)
      await sleep(random.integer(50, HARSHEST_WAIT_MS))
    }
    tally.surprises.push(`a body was not taken in ${Math.round((Date.now() - began) / 1000)} s`)
    abandon(batch)
  }

  function abandon(batch: Batch): void {
    tally.abandoned += batch.events.length
    counters.dropped += batch.events.length
    for (const event of batch.events) journal.write(event, round, 'unknown')
  }

  return {
    async deliver(batch, { mayAbandon = true } = {}) {
      counters.created += batch.events.length
      await send(batch, mayAbandon)
    },
    repeat: (batch) => send(batch, false),
  }
}
