/**
 * The traffic: a process of its own, as a customer's app would be. Its journal holds what it created; its last line on
 * stdout is what its client says became of it. Reads FLYWHEEL_URL, FLYWHEEL_API_KEY and OPENAI_BASE_URL as any app does.
 */
import { parseArgs } from 'node:util'
import { createFlywheel } from '@flywheel/sdk'
import OpenAI from 'openai'
import { workDay } from './day.js'
import { openJournal } from './journal.js'
import { createPeople } from './people.js'
import { createDraws } from './random.js'

const { values: flags } = parseArgs({
  options: {
    journal: { type: 'string', default: 'journal.ndjson' },
    seed: { type: 'string', default: 'nordlicht' },
    people: { type: 'string', default: '24' },
    'pause-ms': { type: 'string', default: '15' },
  },
})
const journal = openJournal(flags.journal)
const network = createDraws(`${flags.seed}/network`)
const counts: Record<string, number> = {}

/** A network that now and then loses an answer after the request arrived, so that the client sends it again. */
const lossyFetch: typeof fetch = async (input, init) => {
  const answer = await fetch(input, init)
  if (!network.chance(0.1)) return answer
  await answer.arrayBuffer()
  throw new TypeError('the connection broke after the request was sent')
}

const flywheel = createFlywheel({
  consent: { train: 'granted', evaluate: 'granted' },
  consentBasis: 'terms-2026-01',
  environment: 'quickstart',
  release: '2026.11',
  flushIntervalMs: 200,
  fetch: lossyFetch,
  onCreated(event) {
    journal.write(event)
    counts[event.type] = (counts[event.type] ?? 0) + 1
  },
  // the lost answers above are meant; everything else would be a finding
  onDiagnostic: ({ code, message }) => code !== 'delivery_failed' && console.error(`${code}: ${message}`),
})
const openai = flywheel.wrap(new OpenAI({ apiKey: 'none needed', maxRetries: 0 }))

const progress = setInterval(() => console.log(JSON.stringify({ counts })), 500)
const people = createPeople(flags.seed, Number(flags.people))
await workDay({ flywheel, openai, people, pauseMs: Number(flags['pause-ms']) })
const report = await flywheel.shutdown(60_000)
clearInterval(progress)
journal.close()
console.log(JSON.stringify({ counts, report, stats: flywheel.stats() }))
