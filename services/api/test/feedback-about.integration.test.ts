import { feedbackState, resolveTargets, snapshotOf } from '@flywheel/curation'
import { readFeedback, readInteractionHeads, readLinks } from '@flywheel/store'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHarness, type Harness } from './support.js'

const START = Date.now() - 3_600_000
const iso = (time: number) => new Date(time).toISOString()
let harness: Harness
beforeAll(async () => {
  harness = await createHarness()
})
afterAll(() => harness.close())

function uuid(time: number, n: number): string {
  const head = time.toString(16).padStart(12, '0')
  return `${head.slice(0, 8)}-${head.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`
}

interface Placed {
  id: string
  state: string
  resolved_choice: number
}

async function shown(id: string): Promise<Placed[]> {
  const { feedback } = (await (await harness.request(`/v1/interactions/${id}`)).json()) as { feedback: Placed[] }
  return feedback.map((event) => ({ id: event.id, state: event.state, resolved_choice: event.resolved_choice }))
}

it('places feedback on a turn where its latest shown was, the second output if need be', async () => {
  const [id, turn_id] = [uuid(START, 1), uuid(START, 2)]
  const said = { author_id: 'u', author_kind: 'end_user' }
  const [seen, onTurn, direct, other] = [3, 4, 5, 6].map((n) => uuid(START + n, n)) as [string, string, string, string]
  await harness.seed('interactions', [{ id, turn_id, has_text: true }])
  await harness.seed('feedback', [
    { id: seen, kind: 'shown', target_kind: 'turn', target: turn_id, candidates: [{ id, choice: 1 }] },
    { ...said, id: onTurn, kind: 'thumb', label: 'up', target_kind: 'turn', target: turn_id },
    { ...said, id: direct, kind: 'thumb', label: 'down', target_kind: 'interaction', target: id, choice: 1 },
    { ...said, id: other, kind: 'thumb', label: 'down', target_kind: 'interaction', target: id },
  ])
  expect(await shown(id)).toEqual([
    { id: seen, state: 'live', resolved_choice: 1 },
    { id: onTurn, state: 'superseded', resolved_choice: 1 },
    { id: direct, state: 'live', resolved_choice: 1 },
    { id: other, state: 'live', resolved_choice: 0 },
  ])
})

it('says of every event what an export says', async () => {
  let last = 42
  const draw = (below: number): number => {
    last = (last * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((last / 2_147_483_648) * below)
  }
  const one = <T>(list: readonly T[]): T => list[draw(list.length)] as T
  const turns = Array.from({ length: 8 }, (_, n) => uuid(START + 10_000, 100 + n))
  const heads = Array.from({ length: 24 }, (_, n) => ({
    id: uuid(START + 20_000 + n * 1000, 200 + n),
    turn_id: one(turns),
    provider_response_id: one(['', 'r1', 'r2', 'r3']),
    has_text: draw(4) > 0,
  }))
  const refs = ['mail:1', 'mail:2', 'mail:3', 'mail:4']
  const target = (kind: string) =>
    kind === 'turn'
      ? one(turns)
      : kind === 'ref'
        ? one(refs)
        : kind === 'response'
          ? one(['r1', 'r2', 'r3'])
          : one(heads).id
  const links = Array.from({ length: 14 }, (_, n) => {
    const target_kind = one(['interaction', 'turn', 'response'])
    const occurred_at = iso(START + draw(100_000))
    return { id: uuid(START + 30_000, 300 + n), target_kind, target: target(target_kind), ref: one(refs), occurred_at }
  })
  const ids = Array.from({ length: 400 }, (_, n) => uuid(START + 40_000 + n, 400 + n))
  const made: Record<string, unknown>[] = []
  for (const [n, id] of ids.entries()) {
    const target_kind = one(['interaction', 'turn', 'response', 'ref'])
    const kind = one(['thumb', 'correction', 'shown', 'copy'])
    const event = {
      kind,
      target_kind,
      target: target(target_kind),
      choice: draw(2),
      author_id: one(['u', 'v', '']),
      trust: one(['server', 'public']),
      stage: kind === 'correction' ? one(['draft', 'committed']) : '',
      label: one(['up', 'down']),
      ...(kind === 'shown' ? { candidates: [{ id: one(heads).id, choice: draw(2) }] } : {}),
    }
    // Some retractions repeat the identity of what they name; some name an event about something else and end nothing.
    const named = n > 0 && draw(4) === 0 ? draw(n) : null
    const identity = named !== null && draw(2) === 0 ? made[named] : event
    const retracts = named === null ? {} : { retracts: ids[named] }
    made.push({ ...event, ...identity, ...retracts, id, occurred_at: iso(START + draw(100_000)) })
  }
  await harness.seed('interactions', heads)
  await harness.seed('links', links)
  await harness.seed('feedback', made)

  const now = iso(Date.now() + 60_000)
  const evidence = snapshotOf({
    project_id: 'default',
    watermark: now,
    cutoff: now,
    project_consent: {},
    interactions: await readInteractionHeads(harness.db, 'default', now),
    bodies: [],
    feedback: await readFeedback(harness.db, 'default', now),
    links: await readLinks(harness.db, 'default', now),
    consents: [],
  })
  const states = feedbackState(evidence.feedback, resolveTargets(evidence))
  const fates = new Set(states.map(({ fate }) => fate))
  expect(fates).toEqual(new Set(['live', 'superseded', 'retracted', 'retraction', 'yields_to_commit']))
  // The lists resolve in SQL; they find the same interactions.
  const page = await harness.request('/v1/interactions?has_feedback=true&limit=1000')
  const listed = ((await page.json()) as { items: { id: string }[] }).items.map(({ id }) => id)
  expect(listed.sort()).toEqual([...new Set(states.flatMap(({ answer }) => answer?.interaction ?? []))].sort())
  let placed = 0
  for (const { id } of heads) {
    const expected = states
      .filter(({ answer }) => answer?.interaction === id)
      .map(({ row, answer, fate }) => ({ id: row.id, state: fate, resolved_choice: answer?.choice ?? -1 }))
    const actual = await shown(id)
    expect(actual.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(expected)
    placed += actual.length
  }
  expect(placed).toBeGreaterThan(250)
})
