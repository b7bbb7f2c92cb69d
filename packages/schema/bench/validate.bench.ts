import { createUuidv7, decodeLine } from '../src/index.js'

const LINES = 50
const short = process.argv.includes('--short')
const ROUNDS = short ? 100 : 400
const SAMPLES = short ? 5 : 15

let seed = 20260101
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 4294967296
}
const now = Date.now()
const nextId = createUuidv7(
  () => now,
  (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
)
const WORDS =
  'order refund ticket customer please thanks delivery account password reset the a to is for "quoted" line\nbreak naïve'
const words = WORDS.split(' ')
const prose = (characters: number): string => {
  let text = ''
  while (text.length < characters) text += `${words[Math.floor(random() * words.length)]} `
  return text
}

/** Interactions of 2 to 8 KB as a support desk sends them, and one feedback in five lines. */
function line(index: number): string {
  const id = nextId()
  if (index % 5 === 4) {
    return JSON.stringify({
      type: 'feedback',
      id,
      schema_version: 1,
      kind: 'correction',
      target_kind: 'interaction',
      target: nextId(),
      choice: 0,
      stage: 'committed',
      shown: prose(600),
      kept: prose(640),
      author_id: 'agent-7',
      author_kind: 'expert',
      occurred_at: new Date(now).toISOString(),
    })
  }
  const message = (role: string) => ({ role, parts: [{ type: 'text', content: prose(200 + random() * 1600) }] })
  return JSON.stringify({
    type: 'interaction',
    id,
    schema_version: 1,
    turn_id: id,
    session_id: 'session-12',
    user_id: 'user-4',
    task: 'reply',
    operation: 'chat',
    provider: 'openai',
    model_requested: 'gpt-5-mini',
    model_answered: 'gpt-5-mini-2026-01-01',
    provider_response_id: `chatcmpl-${index}`,
    system: [{ type: 'text', content: prose(400) }],
    messages: [message('user'), message('assistant'), message('user')],
    tools: [
      { type: 'function', name: 'lookup', parameters: { type: 'object', properties: { id: { type: 'string' } } } },
    ],
    parameters: { temperature: 0.7, max_tokens: 800 },
    outputs: [
      {
        role: 'assistant',
        parts: [
          { type: 'text', content: prose(700) },
          { type: 'tool_call', id: 'call_1', name: 'lookup', arguments: '{"id":"12345678901234567890"}' },
        ],
      },
    ],
    has_text: true,
    finish_reasons: ['tool_calls'],
    usage_input_tokens: 812,
    usage_output_tokens: 201,
    usage_cached_tokens: 512,
    duration_ms: 812.512,
    time_to_first_token_ms: 210.25,
    status: 'ok',
    provider_json: { id: `chatcmpl-${index}`, usage: { prompt_tokens: 812, completion_tokens: 201 } },
    tags: ['emea'],
    metadata: { plan: 'pro' },
    consent: { train: 'granted' },
    sdk_name: '@flywheel/sdk',
    sdk_version: '0.1.0',
  })
}

const lines = Array.from({ length: LINES }, (_, index) => line(index))
let sink = 0
function perEvent(work: (text: string) => unknown): number {
  const start = process.hrtime.bigint()
  for (let round = 0; round < ROUNDS; round++) for (const text of lines) if (work(text) !== null) sink++
  return Number(process.hrtime.bigint() - start) / 1000 / (ROUNDS * LINES)
}
const parse = (text: string) => JSON.parse(text)
const decode = (text: string) => {
  const decoded = decodeLine(text, now)
  if (!decoded.ok) throw new Error(decoded.message)
  return decoded
}

perEvent(parse)
perEvent(decode)
const parseUs: number[] = []
const decodeUs: number[] = []
// Interleaved, so that a busy neighbour slows both.
for (let sample = 0; sample < SAMPLES; sample++) {
  parseUs.push(perEvent(parse))
  decodeUs.push(perEvent(decode))
}
const ratios = decodeUs.map((us, index) => us / parseUs[index]!)
const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
const round = (value: number) => Math.round(value * 1000) / 1000

console.log(
  JSON.stringify({
    benchmark: 'schema/validate',
    ratio: round(median(ratios)),
    target_ratio_at_most: 1.5,
    parse_us: round(median(parseUs)),
    decode_us: round(median(decodeUs)),
    samples: { parse_us: parseUs.map(round), decode_us: decodeUs.map(round) },
    parameters: {
      lines: LINES,
      rounds: ROUNDS,
      mean_bytes: Math.round(lines.reduce((n, l) => n + Buffer.byteLength(l), 0) / LINES),
    },
    checked: sink > 0,
  }),
)
