/**
 * The traffic: an app of its own, whose clock stands some days back so that what it records has settled when it is
 * exported. Its network loses answers after the request arrived (sent again), repeats requests, and holds some back to
 * the end, so that corrections arrive before what they correct. Writes the journal to stdout.
 */
import { createFlywheel, type Flywheel } from '@flywheel/sdk'
import { type Edit, readData } from './data.js'
import type { JournalLine } from './journal.js'
import { type Reply, repliesOf, text } from './messages.js'
import { createDraws } from './random.js'

const seed = Number(process.env['FLYWHEEL_REPLAY_SEED'] ?? 1)
const PEOPLE = 40
const HOUR = 3_600_000

const draws = createDraws(seed)
const network = createDraws(seed + 1)
const held: (() => Promise<unknown>)[] = []

/** Loses one answer in ten, repeats one request in ten, and holds one in five back to the end. */
const unkindFetch: typeof fetch = async (input, init) => {
  if (network.chance(0.2)) {
    held.push(() => fetch(input, { ...init, signal: null }))
    return Response.json({ accepted: 1, rejected: [] }, { status: 202 })
  }
  const answer = await fetch(input, init)
  if (network.chance(0.1)) await fetch(input, { ...init, signal: null }).then((again) => again.arrayBuffer())
  if (!network.chance(0.1)) return answer
  await answer.arrayBuffer()
  throw new TypeError('the connection broke after the request was sent')
}

const flywheel = createFlywheel({
  consent: { train: 'granted', evaluate: 'granted' },
  consentBasis: 'replay',
  environment: 'replay',
  flushIntervalMs: 20,
  fetch: unkindFetch,
  onDiagnostic: ({ code, message }) => code !== 'delivery_failed' && console.error(`${code}: ${message}`),
})

const write = (line: JournalLine): void => console.log(JSON.stringify(line))

/** What comes when the day is over. */
const later: (() => void)[] = []

/** A person asks, edits in steps, and saves: at once, or hours later by the host's own key. */
function playEdit(client: Flywheel, edit: Edit, person: string, session: string): void {
  const interaction = client.record({
    user: person,
    session,
    task: 'write',
    surface: 'editor',
    operation: 'chat',
    provider: 'replay',
    modelAnswered: 'served',
    messages: [text('user', edit.instruction)],
    outputs: [text('assistant', edit.served)],
    finishReasons: ['stop'],
  })
  write({ kind: 'edit', interaction, item: edit.item })
  const options = { author: person, session, shown: edit.served }
  if (draws.chance(0.4)) {
    const half = `${edit.kept.slice(0, edit.kept.length / 2)}${edit.served.slice(edit.served.length / 2)}`
    client.feedback.correct(interaction, half, { ...options, stage: 'draft' })
  }
  if (draws.chance(0.3)) {
    const ref = `document:${edit.item}`
    client.link(interaction, ref)
    const occurredAt = Date.now() + (1 + draws.below(40)) * HOUR
    later.push(() => client.feedback.correct({ ref }, edit.kept, { ...options, occurredAt }))
  } else client.feedback.correct(interaction, edit.kept, options)
}

/** A sample of an answer, and the thumbs of as many people as gave one. */
function playReply(client: Flywheel, { tree, before, message }: Reply): void {
  const interaction = client.record({
    user: `tree-${tree}`,
    session: `tree-${tree}`,
    task: 'chat',
    surface: 'chat',
    operation: 'chat',
    provider: 'replay',
    modelAnswered: 'assistant',
    messages: before.map((each) => text(each.role === 'prompter' ? 'user' : 'assistant', each.text)),
    outputs: [text('assistant', message.text)],
    finishReasons: ['stop'],
  })
  write({ kind: 'reply', interaction, tree, message: message.id })
  const thumb = (label: 'up' | 'down', count: number): void => {
    for (let n = 0; n < count; n++) {
      const give = (): unknown =>
        client.feedback.thumb(interaction, label, { author: `rater-${message.id}-${label}-${n}` })
      if (draws.chance(0.2)) later.push(give)
      else give()
    }
  }
  thumb('up', message.thumbs_up)
  thumb('down', message.thumbs_down)
}

const pause = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 2))

const { edits, trees } = readData()
for (const [n, edit] of edits.entries()) {
  playEdit(flywheel, edit, `writer-${draws.below(PEOPLE)}`, `day-${Math.floor(n / 4)}`)
  await pause()
}
for (const reply of repliesOf(trees)) {
  playReply(flywheel, reply)
  await pause()
}
for (const come of later) come()
const report = await flywheel.shutdown(60_000)
for (const send of held) {
  const answer = await send()
  if (!(answer instanceof Response) || answer.status !== 202)
    throw new Error('a request that was held back was refused')
}
if (report.pending > 0 || report.dropped > 0) throw new Error(`not delivered: ${JSON.stringify(report)}`)
