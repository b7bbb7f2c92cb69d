import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UNRECORDED_PROMPT } from '../../src/evidence/prompt-key.js'
import {
  type CuratedSet,
  curate,
  type Evidence,
  inputsOf,
  inputsOfUnits,
  joinsOf,
  judgeUnit,
  type Recipe,
  recipeSchema,
  rowOf,
  settle,
  snapshotOf,
  surveyOf,
  surveyUnit,
  UnitBuilder,
  unitInputs,
} from '../../src/index.js'
import { STRATEGY_IDS } from '../../src/recipe/ids.js'
import { createWorld } from '../../src/world.js'
import { DAY, HOUR, iso, ports, START, Story, uuid } from '../support.js'

const EVERYTHING = recipeSchema.parse({
  strategies: [...STRATEGY_IDS],
  evidence: { thumbs_min_gap: 2, recalibrate_from: 10 },
  settling: { draft_ms: HOUR, late_feedback_ms: HOUR },
})

const DEFAULTS = recipeSchema.parse({
  evidence: { recalibrate_from: 10 },
  settling: { draft_ms: HOUR, late_feedback_ms: HOUR },
})

/** Ids of the rows of one unit. */
interface Unit {
  interactions: string[]
  feedback: string[]
  links: string[]
}

function unitsOf({ interactions, feedback, links, bodies }: Evidence, recipe: Recipe, maxBytes: number): Unit[] {
  const builder = new UnitBuilder(joinsOf(recipe))
  for (const row of feedback) {
    const candidates = row.candidates === '' ? [] : (JSON.parse(row.candidates) as { id: string }[]).map(({ id }) => id)
    builder.addFeedback({ ...row, candidates, bytes: row.kept.length })
  }
  for (const row of links) builder.addLink(row)
  const sizes = new Map(bodies.map((body) => [body.id, body.messages.length + body.outputs.length]))
  for (const row of interactions) builder.addInteraction({ ...row, bytes: sizes.get(row.id) ?? 0 })
  const components = builder.finish()
  const { count, unitOf } = components.pack(maxBytes)
  const idsIn = (unit: number, of: ReadonlyMap<string, number>): string[] =>
    [...of].filter(([, component]) => unitOf[component] === unit).map(([id]) => id)
  return Array.from({ length: count }, (_, unit) => ({
    interactions: idsIn(unit, components.interactions).sort(),
    feedback: idsIn(unit, components.feedback),
    links: idsIn(unit, components.links),
  }))
}

function partOf(evidence: Evidence, unit: Unit): Evidence {
  const ids = new Set([...unit.interactions, ...unit.feedback, ...unit.links])
  const mine = <T extends { id: string }>(rows: T[]): T[] => rows.filter(({ id }) => ids.has(id))
  const { interactions, bodies, feedback, links } = evidence
  return {
    ...evidence,
    interactions: mine(interactions),
    bodies: mine(bodies),
    feedback: mine(feedback),
    links: mine(links),
  }
}

/** What an export does of any size: unit by unit, in any order. */
function curateInUnits(evidence: Evidence, recipe: Recipe, units: readonly Unit[]): CuratedSet {
  const parts = units.map((unit) => partOf(evidence, unit))
  const survey = surveyOf(
    parts.map((part) => surveyUnit(part, recipe)),
    recipe,
  )
  const judged = parts.map((part) => judgeUnit(part, recipe, ports, survey))
  const rows = judged.flatMap((unit) => unit.rows)
  rows.forEach(({ facts }, place) => {
    facts.place = place
  })
  const { kept, ...summary } = settle(
    rows.map(({ facts }) => facts),
    judged,
    survey,
    recipe,
    ports,
  )
  return { ...summary, rows: kept.map((facts) => rowOf(facts, rows[facts.place!]!.texts)) }
}

/** People who correct, take back, choose, ask again and link, drawn from a seed; few enough that much of it meets. */
function people(seed: readonly number[]): Evidence {
  const story = new Story()
  const asked: string[] = []
  const said: string[] = []
  let at = START
  for (const [n, draw] of seed.entries()) {
    at += HOUR / 3
    const pick = <T>(list: readonly T[], salt: number): T | undefined => list[(draw * 31 + salt) % (list.length || 1)]
    const user = `u${draw % 5}`
    const id = story.ask({
      time: at,
      user,
      session: `s${draw % 30}`,
      prompt: `Question ${draw % 40}, asked in so many words?`,
      output: `Answer ${n} to it, at some length.`,
      head: { provider_response_id: draw % 11 === 0 ? `r${draw % 3}` : '' },
      ...(draw % 97 === 0 && asked.length > 0 ? { turn: asked.at(-1)! } : {}),
    })
    asked.push(id)
    const other = pick(asked, 7) ?? id
    const author = { author_id: `u${(draw + n) % 5}`, time: at + 1000 }
    const kinds: (() => string | undefined)[] = [
      () =>
        story.say('correction', id, {
          ...author,
          kept: `Kept ${n}, which says it better.\n\nYours, ${author.author_id}`,
        }),
      () => story.say('correction', id, { ...author, stage: 'draft', kept: `Draft ${n} of something else.` }),
      () => story.say('thumb', other, { ...author, label: draw % 2 === 0 ? 'up' : 'down' }),
      () => {
        const label = draw % 8 < 4 ? 'up' : 'down'
        story.say('thumb', id, { ...author, author_id: 'judge', label })
        return story.say('thumb', id, { ...author, author_id: 'other', label: draw % 7 === 0 ? 'up' : label })
      },
      () => story.say('verdict', id, { ...author, label: draw % 2 === 0 ? 'accept' : 'reject' }),
      () =>
        story.say('regenerate', other, {
          ...author,
          candidates: JSON.stringify([{ id, choice: 0 }]),
        }),
      () =>
        story.say('choice', id, {
          ...author,
          candidates: JSON.stringify([id, other].map((each) => ({ id: each, choice: 0 }))),
          winner: `${draw % 2}`,
          randomised: true,
          seen: [0, 1],
        }),
      () => story.say('thumb', `r${draw % 3}`, { ...author, target_kind: 'response', label: 'up' }),
      () => story.say('thumb', `desk:${draw % 4}`, { ...author, target_kind: 'ref', label: 'down' }),
      () =>
        story.say('correction', pick(asked, 3) ?? id, { ...author, target_kind: 'turn', kept: `Of the turn, ${n}.` }),
      () => {
        story.link(id, `desk:${draw % 4}`, at)
        return undefined
      },
      () => {
        const event = pick(said, 5)
        const row = story.feedback.find((each) => each.id === event)
        if (row === undefined) return undefined
        const { id: retracts, ...same } = row
        return story.say(row.kind, row.target, { ...same, retracts, time: at + 2000, occurred_at: iso(at + 2000) })
      },
    ]
    const event = kinds[draw % kinds.length]!()
    if (event !== undefined) said.push(event)
  }
  story.state('withdrawn', 'user', 'u3', START + 2 * DAY)
  return story.evidence()
}

/** With a thumb on every interaction: what nothing is about stands in no unit. */
function judged(evidence: Evidence): Evidence {
  const thumbs = evidence.interactions.map(({ id, received_at }, n) => ({
    ...evidence.feedback[0]!,
    id: uuid(Date.parse(received_at), n),
    kind: 'thumb' as const,
    label: 'up',
    target_kind: 'interaction' as const,
    target: id,
    candidates: '',
    retracts: null,
  }))
  return { ...evidence, feedback: [...evidence.feedback, ...thumbs] }
}

describe('units', () => {
  it('give the set that the whole snapshot gives, however small they are and in any order', () => {
    let [cut, rows] = [0, 0]
    fc.assert(
      fc.property(
        fc.array(fc.nat(10_000), { minLength: 20, maxLength: 120 }),
        fc.constantFrom(1, 3000, 20_000),
        fc.boolean(),
        fc.constantFrom(EVERYTHING, DEFAULTS),
        (seed, maxBytes, isReversed, recipe) => {
          const evidence = people(seed)
          const units = unitsOf(evidence, recipe, maxBytes)
          const whole = curate(evidence, recipe, ports)
          expect(curateInUnits(evidence, recipe, isReversed ? units.toReversed() : units)).toEqual(whole)
          cut += units.length
          rows += whole.rows.length
        },
      ),
      { numRuns: 80 },
    )
    // The property would hold for units of nothing and for one of everything.
    expect(cut).toBeGreaterThan(200)
    expect(rows).toBeGreaterThan(300)
  })

  it('know together what no one of them knows: priors of judgements, and signatures', () => {
    const story = new Story()
    for (let n = 0; n < 40; n++) {
      const id = story.ask({
        user: n % 3 === 0 ? 'ann' : `u${n}`,
        prompt: `Question ${n}, in so many words?`,
        output: `Answer ${n}.`,
      })
      const label = n % 2 === 0 ? 'accept' : 'reject'
      story.say('verdict', id, { author_id: 'one', label })
      story.say('verdict', id, { author_id: 'other', label: n % 10 === 0 ? 'reject' : label })
      if (n % 3 === 0) story.say('correction', id, { author_id: 'ann', kept: `Kept ${n}, at length.\n\nYours, Ann` })
    }
    const evidence = story.evidence()
    const units = unitsOf(evidence, DEFAULTS, 1)
    const whole = curate(evidence, DEFAULTS, ports)
    expect(units).toHaveLength(40)
    expect(whole.rows.filter(({ meta }) => meta.prior_source === 'recalibrated').length).toBeGreaterThan(10)
    expect(whole.rows.some(({ meta }) => meta.artefacts_removed.includes('signatures'))).toBe(true)
    expect(curateInUnits(evidence, DEFAULTS, units)).toEqual(whole)
  })

  it('hold every row once', () => {
    const evidence = judged(people(Array.from({ length: 80 }, (_, n) => n * 37)))
    const units = unitsOf(evidence, EVERYTHING, 1)
    for (const kind of ['interactions', 'feedback', 'links'] as const) {
      const held = units.flatMap((unit) => unit[kind])
      expect(held.sort()).toEqual(evidence[kind].map(({ id }) => id).sort())
    }
  })

  it('hold what the feedback here is about and what stands beside it, whatever more is offered to them', () => {
    const story = new Story()
    const asked = { prompt: 'The same question of everybody?', user: 'one' }
    const first = story.ask({ ...asked, session: 's1' })
    const step = story.ask({ ...asked, session: 's2', turn: first })
    const inSession = story.ask({ session: 's1', prompt: 'Another question?' })
    const turn = story.ask({ prompt: 'A question in a turn?' })
    const stepOfIt = story.ask({ prompt: 'A step of it?', turn })
    const answered = story.ask({ prompt: 'A question with a response?', head: { provider_response_id: 'r1' } })
    const shown = story.ask({ prompt: 'A question that was linked?' })
    const candidate = story.ask({ prompt: 'A question that was chosen from?' })
    const unknown = candidate.replace(/.$/, (last) => (last === 'f' ? 'e' : 'f'))
    // Of the same prompt, of a turn whose id is an answer's, and of a response that nobody names.
    story.ask(asked)
    story.ask({ prompt: 'In a turn that is named as an answer?', turn: unknown })
    story.ask({ prompt: 'Of another response?', head: { provider_response_id: 'r2' } })
    story.say('thumb', first, { label: 'up' })
    story.say('thumb', turn, { target_kind: 'turn', label: 'up' })
    story.say('thumb', 'r1', { target_kind: 'response', label: 'up' })
    story.say('choice', first, { candidates: JSON.stringify([{ id: candidate, choice: 0 }]) })
    story.say('thumb', unknown, { label: 'up' })
    story.link(shown, 'desk:1', START)
    const evidence = story.evidence()
    const held = (recipe: Recipe): string[] => unitsOf(evidence, recipe, 1).flatMap(({ interactions }) => interactions)
    const ours = [first, step, turn, stepOfIt, answered, shown, candidate]
    expect(held(DEFAULTS).sort()).toEqual(ours.sort())
    expect(joinsOf(DEFAULTS)).toEqual({ prompts: true, sessions: false })
    expect(held(EVERYTHING).sort()).toEqual([...ours, inSession].sort())
  })

  it('are not joined by prompts of which nothing was recorded, and nor are their answers', () => {
    const story = new Story()
    const head = { prompt_hash: UNRECORDED_PROMPT }
    const ids = Array.from({ length: 20 }, () => story.ask({ head }))
    for (const id of ids) story.say('thumb', id, { author_id: 'one', label: 'down' })
    const evidence = story.evidence()
    expect(unitsOf(evidence, DEFAULTS, 1)).toHaveLength(20)
    const world = createWorld(evidence, DEFAULTS)
    expect(world.samples({ interaction: ids[0]!, choice: 0 })).toEqual([{ interaction: ids[0], choice: 0 }])
  })

  it('give the digest of the whole', () => {
    const evidence = snapshotOf(judged(people(Array.from({ length: 40 }, (_, n) => n * 53))))
    const units = unitsOf(evidence, EVERYTHING, 1).map((unit) =>
      unitInputs({ ...partOf(evidence, unit), consents: [] }),
    )
    const { consents } = evidence
    const rest = unitInputs({ interactions: [], bodies: [], feedback: [], links: [], consents })
    expect(inputsOfUnits([...units, rest], evidence.project_consent)).toEqual(inputsOf(evidence))
    const other = units.map(({ hashes, counts }, n) => ({ counts, hashes: n === 0 ? hashes.slice(1) : hashes }))
    expect(inputsOfUnits([...other, rest], {}).digest).not.toBe(inputsOf(evidence).digest)
  })

  it('may be kept until the first of their texts must go', () => {
    const builder = new UnitBuilder({ prompts: false, sessions: false })
    const said = { target_kind: 'interaction', candidates: [], retracts: null, bytes: 0 }
    const answer = { session_id: '', provider_response_id: '', prompt_hash: '', bytes: 0 }
    const id = (n: number): string => `0198c000-0000-7000-8000-00000000000${n}`
    builder.addFeedback({ ...said, id: id(5), target: id(1), version: [1, 1, 300] })
    builder.addFeedback({ ...said, id: id(6), target: id(2), version: [1, 1, 0] })
    builder.addFeedback({ ...said, id: id(7), target: id(3) })
    for (const [n, until] of [
      [1, 200],
      [2, 400],
      [3, 0],
    ] as const) {
      builder.addInteraction({ ...answer, id: id(n), turn_id: id(n), version: [1, 1, until] })
    }
    const { count, untilOf } = builder.finish()
    expect(Array.from({ length: count }, (_, component) => untilOf(component))).toEqual([200, 400, null])
  })

  it('are no larger than they must be: strangers are not read together', () => {
    const story = new Story()
    for (let n = 0; n < 50; n++) {
      const id = story.ask({ user: 'one', session: 'same', prompt: `Question ${n}?` })
      story.say('correction', id, { author_id: 'one', kept: `Kept ${n}.` })
    }
    expect(unitsOf(story.evidence(), recipeSchema.parse({}), 1)).toHaveLength(50)
    expect(unitsOf(story.evidence(), recipeSchema.parse({}), 1_000_000)).toHaveLength(1)
  })
})
