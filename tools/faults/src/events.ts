import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { createUuidv7, type EventType } from '@flywheel/schema'
import type { Random } from './random.js'

/** What is planted in a line: poison that the collector accepts and no table takes, or something it must reject. */
export type Planted = 'poison' | 'invalid'

/** One event as it is sent. */
export interface SentEvent {
  type: EventType
  id: string
  text: string
  planted: Planted | null
}

/** One body; every attempt to send it sends the same bytes. */
export interface Batch {
  events: SentEvent[]
  bytes: Uint8Array
  encoding: 'identity' | 'gzip'
}

const nextId = createUuidv7(Date.now, randomBytes)
const WORDS =
  'The oven warranty is one year from the day of purchase; please keep the receipt, café and thank you'.split(' ')
const MEBIBYTE = 1024 * 1024

/** Makes the events of one client in one round. */
export interface EventMaker {
  batch(): Batch
  /** One small event. */
  closing(): Batch
  /** One event that no table takes. */
  poison(): Batch
  /** A body of a subject whose every event holds the canary, uncompressed, so that the log's bytes can be searched. */
  subject(user: string, canary: string): Batch
}

/** Traffic of all four types: small and large, gzip and identity, and now and then a planted line. */
export function createEventMaker(random: Random, round: number): EventMaker {
  const recent: string[] = []
  const metadata = { round: String(round) }

  function words(bytes: number): string {
    let text = ''
    while (text.length < bytes) text += `${random.pick(WORDS)} `
    return text.slice(0, Math.max(1, bytes))
  }

  /** Large text costs a word and a repeat: the generator shares its cores with what it breaks. */
  function content(bytes: number): string {
    if (bytes < 16 * 1024) return words(bytes)
    const some = words(4096)
    return some.repeat(Math.ceil(bytes / some.length)).slice(0, bytes)
  }

  const event = (type: EventType, fields: object, planted: Planted | null = null): SentEvent => {
    const id = nextId()
    const text = JSON.stringify({ type, id, schema_version: 1, ...fields, metadata })
    return { type, id, text, planted }
  }

  function interaction(bytes: number, more: object = {}): SentEvent {
    const made = event('interaction', {
      task: 'reply',
      user_id: `user-${random.integer(1, 200)}`,
      session_id: `session-${random.integer(1, 400)}`,
      operation: 'chat',
      provider: 'openai',
      model_requested: 'gpt-4o-mini',
      messages: [{ role: 'user', parts: [{ type: 'text', content: content(bytes) }] }],
      outputs: [{ role: 'assistant', parts: [{ type: 'text', content: `${words(random.integer(20, 800))}🙂` }] }],
      finish_reasons: ['stop'],
      status: 'ok',
      ...more,
    })
    recent.push(made.id)
    if (recent.length > 200) recent.shift()
    return made
  }

  const feedback = (target: string, more: object = {}): SentEvent =>
    event('feedback', {
      kind: random.pick(['thumb', 'thumb', 'copy']),
      label: 'up',
      target_kind: 'interaction',
      target,
      author_id: `agent-${random.integer(1, 30)}`,
      author_kind: 'expert',
      ...more,
    })

  const link = (target: string, ref: string): SentEvent => event('link', { target_kind: 'interaction', target, ref })

  const consent = (subject: string, more: object = {}): SentEvent =>
    event('consent', { subject_kind: 'user', subject, purpose: 'train', label: 'granted', basis: 'terms', ...more })

  /** A known key twice: JSON.parse hides it from the collector, ClickHouse refuses it. */
  function poisoned({ text, ...rest }: SentEvent): SentEvent {
    return { ...rest, text: text.replace('"status":"ok"', '"status":"ok","status":"ok"'), planted: 'poison' }
  }

  function invalid(): SentEvent {
    return event('interaction', { operation: 'chat', status: 'fine' }, 'invalid')
  }

  function one(): SentEvent {
    const dice = random.next()
    const target = recent.length === 0 ? nextId() : random.pick(recent)
    if (dice < 0.55) return interaction(random.integer(50, 6000))
    if (dice < 0.82) return feedback(target)
    if (dice < 0.9) return link(target, `ticket:${random.integer(1, 1e9)}`)
    if (dice < 0.988) return consent(`user-${random.integer(1, 200)}`)
    // Each poisoned line of a batch costs the sink some ten inserts.
    return dice < 0.99 ? poisoned(interaction(100)) : invalid()
  }

  return {
    batch() {
      if (random.chance(0.02)) {
        const large = interaction(Math.floor((0.5 + random.next() * 7) * MEBIBYTE))
        return bodyOf([large, feedback(large.id)], random.chance(0.5) ? 'gzip' : 'identity')
      }
      const events = Array.from({ length: random.integer(1, 60) }, one)
      return bodyOf(events, random.chance(0.5) ? 'gzip' : 'identity')
    },
    closing: () => bodyOf([feedback(nextId(), { kind: 'thumb' })], 'identity'),
    poison: () => bodyOf([poisoned(interaction(100))], 'gzip'),
    subject(user, canary) {
      const mine = { user_id: user, session_id: `session-of-${user}` }
      const answer = { outputs: [{ role: 'assistant', parts: [{ type: 'text', content: `Dear ${canary}` }] }] }
      const said = interaction(60, {
        ...mine,
        ...answer,
        messages: [{ role: 'user', parts: [{ type: 'text', content: `I am ${canary}` }] }],
      })
      const events = [
        said,
        feedback(said.id, { kind: 'correction', stage: 'committed', shown: `Dear ${canary}`, kept: `Hello ${canary}` }),
        feedback(said.id, { kind: 'comment', author_id: user, author_kind: 'end_user', reason_text: canary }),
        link(said.id, `mail:${canary}`),
        consent(user, { basis: canary }),
        poisoned(interaction(60, { ...mine, ...answer })),
      ]
      return bodyOf(events, 'identity')
    },
  }
}

function bodyOf(events: SentEvent[], encoding: Batch['encoding']): Batch {
  const plain = Buffer.from(`${events.map(({ text }) => text).join('\n')}\n`)
  return { events, encoding, bytes: encoding === 'gzip' ? gzipSync(plain, { level: 1 }) : plain }
}
