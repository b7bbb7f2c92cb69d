import { message, type Prompt, promptOf } from './prompts.js'
import { type Random, random } from './random.js'
import { prose } from './text.js'

/** Project of all made traffic. */
export const PROJECT = 'bench'
/** Time of the first event, in milliseconds; a constant, so that the same size is the same bytes. */
export const START: number = Date.UTC(2026, 2, 15)
/** Between two interactions: a million in 30 days. */
export const PACE_MS = 2592

const NEVER = '2100-01-01T00:00:00.000Z'
const MODELS = [
  ['openai', 'gpt-5'],
  ['openai', 'gpt-5-mini'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['google', 'gemini-2.5-pro'],
  ['mistral', 'mistral-large'],
] as const

/** A row with the columns that the sink inserts. */
export type Row = Record<string, unknown>

/** What was captured, by table, and rows that came a second time. */
export interface Traffic {
  interactions: Row[]
  feedback: Row[]
  links: Row[]
}

/** An answer that somebody can say something about. */
export interface Served {
  id: string
  turn: string
  text: string
}

/** One person with one question. */
export interface Scene {
  dice: Random
  prompt: Prompt
  /** Another sample for the same prompt, or a later step of the same turn. */
  answer(own?: { turn?: string; call?: boolean }): Served
  /** Feedback about an answer, by the same person unless it says otherwise. */
  say(about: Served, said: Row): string
  link(about: Served, ref: string): void
  /** Somebody else. */
  other(): string
}

export const iso = (time: number): string => new Date(time).toISOString()

/** A UUIDv7 of that time; the dice draw the rest. */
export function uuid(time: number, dice: Random): string {
  const head = time.toString(16).padStart(12, '0')
  const [a, b, c] = [dice.bits(), dice.bits(), dice.bits()].map((bits) => bits.toString(16).padStart(8, '0'))
  return `${head.slice(0, 8)}-${head.slice(8)}-7${a!.slice(0, 3)}-8${a!.slice(3, 6)}-${b}${c!.slice(0, 4)}`
}

/** What the server adds, for a row that was received then. */
export function stamped(received: number, offset: number): Row {
  return {
    project_id: PROJECT,
    trust: 'server',
    source: `bench/0:${offset}`,
    received_at: iso(received),
    body_until: NEVER,
    row_until: NEVER,
  }
}

/** People of a store of so many interactions; by Zipf's law the first of them send a tenth. */
export const peopleOf = (interactions: number): number => Math.max(50, Math.round(interactions / 40))

/** A scene whose first interaction is the one of that number of a store of that size; what happens goes into `into`. */
export function scene(first: number, size: number, into: Traffic): Scene {
  const dice = random(4, first)
  const people = peopleOf(size)
  const user = `user-${dice.rank(people)}`
  const prompt = promptOf(first, dice)
  let time = START + first * PACE_MS
  const session = `${user}/${Math.floor(time / 21_600_000)}`
  const own = dice.is(0.03) ? { consent: { train: dice.is(0.3) ? 'denied' : 'granted' } } : {}
  const said = { schema_version: 1, author_id: user, author_kind: 'end_user', session_id: session }
  return {
    dice,
    prompt,
    answer({ turn, call = false } = {}) {
      time += 200 + dice.below(1200)
      const id = uuid(time, dice)
      const text = call ? '' : prose(dice, prompt.bag, dice.logNormal(70, 0.7, 5, 1500))
      const [provider, model] = MODELS[Math.min(dice.below(8), MODELS.length - 1)]!
      const parts: object[] = dice.is(0.1) ? [{ type: 'reasoning', content: prose(dice, prompt.bag, 40) }] : []
      const lookup = { number: String(dice.below(90_000)), region: 'north' }
      if (call) parts.push({ type: 'tool_call', id: `call_${id.slice(-8)}`, name: 'lookup', arguments: lookup })
      else parts.push({ type: 'text', content: text })
      into.interactions.push({
        id,
        schema_version: 1,
        turn_id: turn ?? id,
        session_id: session,
        user_id: user,
        task: prompt.task,
        surface: dice.is(0.7) ? 'web' : 'mail',
        operation: 'chat',
        provider,
        model_requested: model,
        model_answered: model,
        provider_response_id: `response-${id}`,
        system: prompt.system,
        messages: prompt.messages,
        tools: prompt.tools,
        parameters: '{"temperature":0.7}',
        outputs: JSON.stringify([{ ...message('assistant', ''), parts }]),
        finish_reasons: [call ? 'tool_calls' : dice.is(0.02) ? 'length' : 'stop'],
        usage_input_tokens: prompt.messages.length >> 2,
        usage_output_tokens: text.length >> 2,
        duration_ms: 300 + dice.below(4000),
        status: dice.is(0.01) ? 'error' : 'ok',
        metadata: { release: `r${dice.below(9)}` },
        sdk_name: 'flywheel',
        ...own,
        ...stamped(time + 1500 + dice.below(500), first),
      })
      return { id, turn: turn ?? id, text }
    },
    say(about, row) {
      time += 5000 + dice.below(1_800_000)
      const id = uuid(time, dice)
      into.feedback.push({
        id,
        ...said,
        target_kind: 'interaction',
        target: about.id,
        ...row,
        ...stamped(time + 90, first),
      })
      return id
    },
    link(about, ref) {
      time += 100
      const row = { id: uuid(time, dice), schema_version: 1, target_kind: 'interaction', target: about.id, ref }
      into.links.push({ ...row, ...stamped(time + 90, first) })
    },
    other: () => `user-${dice.rank(people)}-b`,
  }
}
