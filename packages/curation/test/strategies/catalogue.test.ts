import type { Message } from '@flywheel/schema'
import { describe, expect, it } from 'vitest'
import { DEFAULT_STRATEGIES } from '../../src/recipe/evidence.js'
import { STRATEGIES } from '../../src/strategies/registry.js'
import { horizonMs } from '../../src/strategies/retention.js'
import { DAY, drops, HOUR, pairsOf, START, Story, text } from '../support.js'

const candidates = (...ids: string[]): string => JSON.stringify(ids.map((id) => ({ id, choice: 0 })))
const only = (...strategies: string[]): { strategies: string[] } => ({ strategies })
const call = (args: string, name = 'refund'): Message[] => [
  { role: 'assistant', parts: [{ type: 'tool_call', id: 'c9', name, arguments: args }] },
]

it('runs every strategy unless a recipe says otherwise, but for the one that guesses', () => {
  const known = STRATEGIES.map(({ id }) => id)
  expect([...DEFAULT_STRATEGIES, 'followup.repair'].sort()).toEqual([...known].sort())
})

describe('edit.toolcall', () => {
  it('prefers the corrected call, name and arguments', () => {
    const story = new Story()
    const id = story.ask({ outputs: call('{"order":7}') })
    story.say('correction', id, { author_id: 'u', field: '/tool_call/c9/name', kept: 'replace' })
    story.say('correction', id, { author_id: 'u', field: '/tool_call/c9/arguments/order', kept_json: '[8]' })
    const set = story.curate(only('edit.final', 'edit.toolcall'))
    const [row, ...others] = pairsOf(set)
    expect(others).toEqual([])
    expect(row?.meta).toMatchObject({ strategy: 'edit.toolcall', prior: 0.85, prior_source: 'judgement', weight: 0.7 })
    expect(row?.chosen.tool_calls?.[0]?.function).toEqual({ name: 'replace', arguments: { order: 8 } })
    expect(row?.rejected?.tool_calls?.[0]?.function).toEqual({ name: 'refund', arguments: { order: 7 } })
  })

  it('makes no row of a call that had run when it was corrected', () => {
    const story = new Story()
    const id = story.ask({ time: START, turn: 't', outputs: call('{"order":7}') })
    story.ask({ time: START + 5000, turn: 't' })
    const field = { author_id: 'u', field: '/tool_call/c9/arguments/order', kept_json: '[8]' }
    story.say('correction', id, { ...field, time: START + 6000 })
    expect(drops(story.curate())).toEqual({ 'join.already_run': 2 })
    story.feedback.length = 0
    story.say('correction', id, { ...field, time: START + 4000 })
    expect(pairsOf(story.curate())).toHaveLength(1)
  })

  it('is one row where text and call were corrected together', () => {
    const story = new Story()
    const parts = [{ type: 'text', content: 'I refund order 7.' } as const, ...call('{"order":7}')[0]!.parts]
    const id = story.ask({ outputs: [{ role: 'assistant', parts }] })
    story.say('correction', id, { author_id: 'u', kept: 'I refund order 8, sorry.' })
    story.say('correction', id, { author_id: 'u', field: '/tool_call/c9/arguments/order', kept_json: '[8]' })
    const set = story.curate(only('edit.final', 'edit.toolcall', 'sft.edit'))
    expect(set.rows.map((row) => row.meta.strategy).sort()).toEqual(['edit.toolcall', 'sft.edit'])
    expect(drops(set)).toEqual({ 'join.merged_with_another_field': 1, 'exact_dedupe.duplicate': 1 })
    for (const { chosen } of set.rows) {
      expect([chosen.content, chosen.tool_calls?.[0]?.function.arguments]).toEqual([
        'I refund order 8, sorry.',
        { order: 8 },
      ])
    }
  })
})

describe('choice.best_of_n', () => {
  const pick = (fields: object, count = 4): { story: Story; ids: string[] } => {
    const story = new Story()
    const ids = Array.from({ length: count }, (_, n) => story.ask({ prompt: 'q', output: `answer ${n}` }))
    const seen = ids.map((_, slot) => slot)
    story.say('choice', ids[0]!, { candidates: candidates(...ids), winner: '2', seen, ...fields })
    return { story, ids }
  }

  it('prefers the picked one to each other that was seen, and the pairs share one weight', () => {
    const set = pick({ seen: [0, 2, 3] }).story.curate()
    const rows = pairsOf(set)
    expect(rows.map((row) => [row.chosen.content, row.rejected?.content]).sort()).toEqual([
      ['answer 2', 'answer 0'],
      ['answer 2', 'answer 3'],
    ])
    expect(rows.map((row) => row.meta.weight)).toEqual([0.18, 0.18])
    expect(set.strategies.find(({ strategy }) => strategy === 'choice.best_of_n')).toMatchObject({
      candidates: 2,
      kept: 2,
    })
  })

  it('tells apart the pairs of one call that gave several outputs', () => {
    const story = new Story()
    const outputs = ['a', 'b', 'c'].map((each) => text('assistant', `answer ${each}`))
    const id = story.ask({ outputs })
    const among = JSON.stringify([0, 1, 2].map((choice) => ({ id, choice })))
    story.say('choice', id, { candidates: among, winner: '1', seen: [0, 1, 2] })
    const set = story.curate()
    expect(pairsOf(set).map((row) => row.rejected?.content)).toHaveLength(2)
    expect(new Set(set.rows.map((row) => row.meta.row_id)).size).toBe(2)
  })

  it.each([
    ['a winner that was not seen', { seen: [0, 1] }, 'arm_not_seen'],
    ['losers that were not seen', { seen: [2] }, 'arm_not_seen'],
    ['a tie', { winner: 'tie' }, 'tie'],
    ['both bad', { winner: 'both_bad' }, 'tie'],
    ['no winner', { winner: '' }, 'no_winner'],
  ])('refuses %s', (_, fields, reason) => {
    expect(drops(pick(fields).story.curate())).toEqual({ [`join.${reason}`]: 1 })
  })

  it('refuses a list that no person compares, before it looks at it', () => {
    const story = new Story()
    const id = story.ask()
    const many = JSON.stringify(Array.from({ length: 50_000 }, (_, choice) => ({ id, choice })))
    const seen = Array.from({ length: 50_000 }, (_, slot) => slot)
    const start = performance.now()
    for (const author_id of ['u', 'v']) story.say('choice', id, { author_id, candidates: many, winner: '2', seen })
    expect(drops(story.curate())).toEqual({ 'join.too_many_candidates': 2 })
    expect(performance.now() - start).toBeLessThan(5000)
  })

  it('quarantines a winner that somebody refused, and a loser that somebody accepted', () => {
    const refused = pick({})
    refused.story.say('thumb', refused.ids[2]!, { author_id: 'v', label: 'down' })
    expect(drops(refused.story.curate(only('choice.best_of_n')))).toEqual({ 'join.contradictory': 1 })
    const accepted = pick({})
    accepted.story.say('verdict', accepted.ids[0]!, { author_id: 'v', label: 'accept' })
    expect(drops(accepted.story.curate(only('choice.best_of_n')))).toEqual({ 'join.contradictory': 1 })
  })
})

describe('regenerate.edited', () => {
  const again = (): { story: Story; first: string; second: string } => {
    const story = new Story()
    const first = story.ask({ prompt: 'q', output: 'the first answer' })
    const second = story.ask({ prompt: 'q', output: 'the second answer' })
    story.say('regenerate', first, { author_id: 'u', candidates: candidates(second) })
    return { story, first, second }
  }
  const sides = (story: Story, weak_pair: boolean): unknown[] =>
    pairsOf(story.curate({ ...only('regenerate.edited'), evidence: { weak_pair } }))
      .map(({ chosen, rejected, meta }) => [chosen.content, rejected?.content, meta.prior])
      .sort()

  it('prefers the edited second sample to the second, and to the first only where the recipe asks for it', () => {
    const { story, second } = again()
    story.say('correction', second, { author_id: 'u', kept: 'the second answer, mended' })
    const strong = ['the second answer, mended', 'the second answer', 0.8]
    expect(sides(story, false)).toEqual([strong])
    expect(sides(story, true)).toEqual([['the second answer, mended', 'the first answer', 0.6], strong])
  })

  it.each([
    ['a second sample that nobody edited', () => undefined, 'second_not_edited'],
    [
      'a draft that nobody used',
      (story: Story, _: string, second: string) => story.say('correction', second, { kept: 'x y z', stage: 'draft' }),
      'never_committed',
    ],
    [
      'a first sample that was accepted',
      (story: Story, first: string, second: string) => {
        story.say('correction', second, { kept: 'x y z' })
        story.say('verdict', first, { label: 'accept' })
      },
      'contradictory',
    ],
    [
      'an edit that somebody refused',
      (story: Story, _: string, second: string) => {
        story.say('correction', second, { kept: 'x y z', author_id: 'e' })
        story.say('verdict', second, { label: 'reject' })
      },
      'contradictory',
    ],
  ])('makes nothing of %s', (_, act, reason) => {
    const { story, first, second } = again()
    act(story, first, second)
    expect(drops(story.curate(only('regenerate.edited')))).toEqual({ [`join.${reason}`]: 1 })
  })
})

describe('accept.reject', () => {
  const judged = (kept: Record<string, unknown> | null, prompt = 'q'): Story => {
    const story = new Story()
    const good = story.ask({ prompt: 'q', output: 'good' })
    const bad = story.ask({ prompt, output: 'bad' })
    story.say('verdict', good, { author_id: 'u', label: 'accept' })
    story.say('verdict', bad, { author_id: 'v', label: 'reject' })
    if (kept !== null) story.say('retain', good, { name: '24h', value: 0.9, ...kept })
    return story
  }
  const strategies = only('accept.reject')

  it('prefers the sample that was accepted and kept to the one that was rejected', () => {
    const [row] = pairsOf(judged({}).curate(strategies))
    expect([row?.chosen.content, row?.rejected?.content, row?.meta.prior]).toEqual(['good', 'bad', 0.62])
  })

  it.each([
    ['nothing says that it was kept', null],
    ['less than half was kept', { value: 0.4 }],
    ['it was looked at too early', { name: '5m' }],
    ['the horizon is no time', { name: 'soon' }],
  ])('makes nothing where %s', (_, kept) => {
    expect(drops(judged(kept).curate(strategies))).toEqual({ 'join.no_accepted_sample': 1 })
  })

  it('takes the horizon of a task from the recipe', () => {
    const story = judged({ name: '10m' })
    expect(pairsOf(story.curate(strategies))).toHaveLength(1)
    const evidence = { retained_ms_by_task: { reply: DAY } }
    expect(drops(story.curate({ ...strategies, evidence }))).toEqual({ 'join.no_accepted_sample': 1 })
  })

  it('waits for late feedback, and never pairs across prompts', () => {
    const story = judged({})
    story.watermark = START + 2 * DAY
    expect(drops(story.curate(strategies))).toEqual({ 'join.not_settled': 1 })
    expect(drops(judged({}, 'another').curate(strategies))).toEqual({ 'join.no_accepted_sample': 1 })
    // The store's hash only finds candidates: prompts that are not one are refused whatever it says.
    const forged = judged({}, 'another')
    for (const head of forged.interactions) head.prompt_hash = 'same'
    expect(drops(forged.curate(strategies))).toEqual({ 'construct.different_prompts': 1 })
  })
})

describe('review.decision', () => {
  const edited = (): { story: Story; id: string } => {
    const story = new Story()
    const id = story.ask({ output: 'served as it was' })
    story.say('correction', id, { author_id: 'u', kept: 'corrected by the user', time: START + HOUR })
    return { story, id }
  }
  const reviewer = { author_id: 'r', author_kind: 'expert' }
  const strategies = only('review.decision', 'edit.final')

  it("prefers what a reviewer approved, above the editor's own word", () => {
    const { story, id } = edited()
    story.say('review', id, { ...reviewer, label: 'approve', time: START + 2 * HOUR })
    const [row, ...others] = pairsOf(story.curate(strategies))
    expect(others).toEqual([])
    expect([row?.chosen.content, row?.rejected?.content]).toEqual(['corrected by the user', 'served as it was'])
    expect(row?.meta).toMatchObject({ strategy: 'review.decision', prior: 0.9, weight: 0.8 })
  })

  it("prefers a reviewer's own text, in the review or beside it", () => {
    for (const kept of ['in the review itself', '']) {
      const { story, id } = edited()
      if (kept === '') story.say('correction', id, { ...reviewer, kept: 'beside the review' })
      story.say('review', id, { ...reviewer, label: 'edit', kept })
      const rows = story.curate(only('review.decision', 'edit.final', 'sft.edit')).rows
      const text = kept === '' ? 'beside the review' : kept
      expect(rows.find((row) => row.meta.strategy === 'review.decision')?.chosen.content).toBe(text)
      expect(rows.filter((row) => row.meta.strategy === 'sft.edit').map((row) => row.chosen.content)).toContain(text)
    }
  })

  it.each([
    ['a rejection', { label: 'reject' }, 'review_rejects'],
    ['an approval of oneself', { label: 'approve', author_id: 'u', author_kind: 'end_user' }, 'reviewed_by_its_author'],
    ['an approval of an earlier text', { label: 'approve', time: START + 60_000 }, 'changed_after_review'],
    ['a review that anybody could have sent', { label: 'approve', trust: 'public' as const }, 'review_not_signed'],
    ['an edit without a text', { label: 'edit' }, 'nothing_was_changed'],
  ])('makes nothing of %s', (_, fields, reason) => {
    const { story, id } = edited()
    story.say('review', id, { ...reviewer, ...fields })
    expect(drops(story.curate(only('review.decision')))).toEqual({ [`join.${reason}`]: 1 })
  })

  it('quarantines what was approved and then refused', () => {
    const { story, id } = edited()
    story.say('review', id, { ...reviewer, label: 'approve', time: START + 2 * HOUR })
    story.say('thumb', id, { author_id: 'u', label: 'down', time: START + 3 * HOUR })
    expect(drops(story.curate(strategies))).toEqual({ 'join.contradictory': 2 })
  })
})

describe('followup.repair', () => {
  const talk = (said: string, fields: Partial<{ answered: string; accept: string; session: string }> = {}): Story => {
    const { answered = 'Monday', accept = 'accept', session = 's' } = fields
    const story = new Story()
    const question = text('user', 'When does it arrive?')
    story.ask({ messages: [question], output: 'Monday', session: 's' })
    const messages = [question, text('assistant', answered), text('user', said)]
    const later = story.ask({ messages, output: 'Tuesday', session })
    story.say('verdict', later, { author_id: 'u', label: accept })
    return story
  }
  const strategies = only('followup.repair')

  it('prefers the later answer where the message before it rejects the earlier one', () => {
    const [row] = pairsOf(talk('No, that is the old date.').curate(strategies))
    expect(row?.prompt.map(({ content }) => content)).toEqual(['When does it arrive?'])
    expect([row?.chosen.content, row?.rejected?.content, row?.meta.prior]).toEqual(['Tuesday', 'Monday', 0.55])
  })

  it('stays off unless a recipe names it', () => {
    expect(pairsOf(talk('No, that is the old date.').curate())).toEqual([])
  })

  it.each([
    ['another message', talk('No problem, and the invoice?'), 'construct.not_a_rejection'],
    ['an answer that was not the one', talk('No.', { answered: 'Sunday' }), 'construct.different_prompts'],
    ['another session', talk('No.', { session: 'other' }), 'join.no_earlier_turn'],
  ])('makes nothing of %s', (_, story, reason) => {
    expect(drops(story.curate(strategies))).toEqual({ [reason]: 1 })
  })

  it('takes the phrases from the recipe', () => {
    const evidence = { followup_rejections: ['helemaal fout'] }
    expect(pairsOf(talk('Helemaal fout!').curate({ ...strategies, evidence }))).toHaveLength(1)
    expect(drops(talk('No.').curate({ ...strategies, evidence }))).toEqual({ 'construct.not_a_rejection': 1 })
  })
})

describe('sft.accept', () => {
  const strategies = only('sft.accept')

  it('supervises with an answer that was accepted as it was', () => {
    const story = new Story()
    const id = story.ask({ output: 'accepted' })
    story.say('verdict', id, { author_id: 'u', label: 'accept' })
    story.say('review', id, { author_id: 'r', author_kind: 'expert', label: 'approve' })
    const set = story.curate(strategies)
    expect(set.rows.map(({ shape, chosen, rejected }) => [shape, chosen.content, rejected])).toEqual([
      ['supervised', 'accepted', undefined],
    ])
    expect(drops(set)).toEqual({ 'join.merged_with_another_acceptance': 1 })
  })

  it.each([
    ['it was edited', 'correction' as const, { kept: 'x y z' }, 'accepted_after_edit'],
    ['somebody refused it', 'thumb' as const, { label: 'down' }, 'contradictory'],
    ['it did not last', 'retain' as const, { name: '24h', value: 0.1 }, 'not_retained'],
  ])('makes nothing where %s', (_, kind, fields, reason) => {
    const story = new Story()
    const id = story.ask()
    story.say('verdict', id, { author_id: 'u', label: 'accept' })
    story.say(kind, id, { author_id: 'v', ...fields })
    expect(drops(story.curate(strategies))).toEqual({ [`join.${reason}`]: 1 })
  })
})

it('reads horizons in the units of the contract', () => {
  expect(['10m', '24h', '2d', '30s', '500ms', 'soon', '', '-1h'].map(horizonMs)).toEqual([
    600_000,
    86_400_000,
    172_800_000,
    30_000,
    500,
    null,
    null,
    null,
  ])
})
