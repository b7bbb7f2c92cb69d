/** CPU that redaction adds to an event: the built-in redactors over one of 2.6 kB and one of 100 kB, with and without values. */
import { redactors } from '../src/redact/index.js'
import { redactLine } from '../src/redact.js'

const PROSE =
  'The quick brown fox jumps over the lazy dog while 12 of the 34 engineers wait for version 3.11.4 of the tool, which ships on 2024-11-22. '

function line(repeats: number, hasValues: boolean): string {
  const text = (count: number) =>
    PROSE.repeat(count * repeats) + (hasValues ? `Mail user${count}@x.example or +49 30 123456${count}.` : '')
  const say = (role: string, count: number) => ({ role, parts: [{ type: 'text', content: text(count) }] })
  const call = { type: 'tool_call', id: 'call_1', name: 'send', arguments: JSON.stringify({ body: text(1) }) }
  return JSON.stringify({
    type: 'interaction',
    id: '01975a3e-7c10-7000-8000-000000000001',
    schema_version: 1,
    messages: [
      say('system', 3),
      say('user', 2),
      say('assistant', 2),
      say('user', 2),
      say('assistant', 2),
      say('user', 2),
    ],
    outputs: [{ role: 'assistant', parts: [{ type: 'text', content: text(2) }, call] }],
    provider_json: { id: 'chatcmpl-1', created: 1732281934 },
  })
}

const SHORT = process.argv.includes('--short')

function microseconds(run: () => void, times: number): number {
  const start = process.cpuUsage()
  for (let time = 0; time < times; time++) run()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / times
}

const ignore = () => {}
const results = [1, 40].flatMap((repeats) =>
  [false, true].map((hasValues) => {
    const text = line(repeats, hasValues)
    const redact = redactors()
    const times = repeats === 1 ? 400 : 20
    const samples = Array.from({ length: SHORT ? 9 : 25 }, () => ({
      redacted: microseconds(() => redactLine(text, redact, ignore), times),
      untouched: microseconds(() => redactLine(text, (event) => event, ignore), times),
    })).slice(SHORT ? 3 : 5)
    const middle = (values: number[]) => Math.round((values.sort((a, b) => a - b)[values.length >> 1] ?? 0) * 10) / 10
    return {
      bytes: text.length,
      hasValues,
      redacted_us: middle(samples.map(({ redacted }) => redacted)),
      parse_and_write_us: middle(samples.map(({ untouched }) => untouched)),
      samples,
    }
  }),
)
console.log(JSON.stringify({ name: 'sdk redaction of an event', results }))
