import type { Message } from '@flywheel/schema'
import { describe, expect, it } from 'vitest'
import { DAY, drops, HOUR, pairsOf, START, Story, text } from '../support.js'

const candidates = (...ids: string[]): string => JSON.stringify(ids.map((id) => ({ id, choice: 0 })))

describe('edit.final', () => {
  it('splices a corrected field into the output, spacing and large numbers as the model wrote them', () => {
    const story = new Story()
    const output = '{ "id": 12345678901234567890,\n  "to": "Ms Ferro",  "days": 3 }'
    const id = story.ask({ output })
    story.say('correction', id, { author_id: 'u', field: '/to', kept: 'Mr Ferro', shown: 'Ms Ferro' })
    story.say('correction', id, { author_id: 'u', field: '/days', kept_json: '[5]' })
    const set = story.curate()
    const [row] = pairsOf(set)
    expect(row?.chosen.content).toBe('{ "id": 12345678901234567890,\n  "to": "Mr Ferro",  "days": 5 }')
    expect(row?.rejected?.content).toBe(output)
    expect(drops(set)).toEqual({ 'join.merged_with_another_field': 2 })
  })

  it('drops a correction of something else than the output', () => {
    const story = new Story()
    const id = story.ask({ output: '{"to": "Ms Ferro"}' })
    story.say('correction', id, { kept: 'Dear Mr Ferro', shown: 'Dear Ms Ferro' })
    expect(drops(story.curate())).toEqual({ 'construct.shown_transformed': 2 })
  })

  it('puts a corrected excerpt back into its place', () => {
    const story = new Story()
    const id = story.ask({ output: 'Hello.\nIt arrives on Monday.\nBye.' })
    story.say('correction', id, { kept: 'It arrives on Friday.', shown: 'It arrives on Monday.' })
    expect(pairsOf(story.curate())[0]?.chosen.content).toBe('Hello.\nIt arrives on Friday.\nBye.')
  })

  it('case 1: corrects an argument of a tool call, and takes reordered keys for no edit', () => {
    const call = (args: string): Message[] => [
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'c9', name: 'refund', arguments: args }] },
    ]
    const story = new Story()
    const id = story.ask({ outputs: call('{"order": 7, "amount": 30}') })
    story.say('correction', id, { field: '/tool_call/c9/arguments/amount', kept_json: '[20]' })
    const [row] = pairsOf(story.curate())
    expect(row?.chosen.tool_calls?.[0]?.function.arguments).toEqual({ order: 7, amount: 20 })
    expect(row?.rejected?.tool_calls?.[0]?.function.arguments).toEqual({ order: 7, amount: 30 })

    const same = new Story()
    const other = same.ask({ outputs: call('{"order": 7, "amount": 30}') })
    same.say('correction', other, { field: '/tool_call/c9/arguments', kept_json: '{"amount":30,"order":7}' })
    expect(drops(same.curate())).toEqual({ 'edit_bounds.no_op': 2 })
  })

  it('case 2: ends the prompt at the turn it corrects, with what the model saw', () => {
    const story = new Story()
    const messages = [text('user', 'one'), text('assistant', 'two'), text('user', 'three')]
    const id = story.ask({ messages, output: 'the wrong answer of the third turn', system: 'Be brief.' })
    story.ask({ messages: [...messages, text('assistant', 'the right one'), text('user', 'five')] })
    story.say('correction', id, { kept: 'the right one' })
    const [row] = pairsOf(story.curate())
    expect(row?.prompt.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      'system: Be brief.',
      'user: one',
      'assistant: two',
      'user: three',
    ])
  })

  it.each([
    ['white space', 'It leaves on  Tuesday, "surely".\n'],
    ['CRLF', 'It leaves\r\non Tuesday, "surely".'],
    ['smart quotes', 'It leaves on Tuesday, “surely”.'],
  ])('case 4: takes an edit of %s alone for none', (_, kept) => {
    const story = new Story()
    const id = story.ask({ output: 'It leaves on Tuesday, "surely".' })
    story.say('correction', id, { kept })
    const set = story.curate()
    expect(set.rows).toEqual([])
    expect(set.funnel.find(({ gate }) => gate === 'edit_bounds')?.out).toBe(0)
  })

  it('case 4: takes an edit of the normal form alone for none', () => {
    const story = new Story()
    story.say('correction', story.ask({ output: 'Café' }), { kept: 'Cafe\u0301' })
    expect(drops(story.curate())).toEqual({ 'edit_bounds.no_op': 2 })
  })

  it('case 5: makes nothing of an edit that was reverted', () => {
    const story = new Story()
    const id = story.ask({ output: 'first' })
    story.say('correction', id, { author_id: 'u', kept: 'second', time: START + 1000 })
    story.say('correction', id, { author_id: 'u', kept: 'first', time: START + 2000 })
    expect(drops(story.curate())).toEqual({ 'snapshot.superseded': 2, 'edit_bounds.no_op': 2 })
  })

  it('makes no pair of a draft that nobody used, and one of a draft that was used and is quiet', () => {
    const story = new Story()
    const unused = story.ask()
    story.say('correction', unused, { author_id: 'u', kept: 'Never sent, by nobody.', stage: 'draft' })
    const used = story.ask()
    story.say('correction', used, { author_id: 'u', kept: 'Sent as it stands here.', stage: 'draft' })
    story.say('copy', used, { author_id: 'u' })
    const set = story.curate()
    expect(drops(set)).toEqual({ 'join.never_committed': 2 })
    expect(pairsOf(set).map((row) => [row.meta.prior, row.meta.prior_source])).toEqual([[0.65, 'judgement']])
    story.watermark = START + DAY + HOUR
    expect(drops(story.curate())).toEqual({ 'join.never_committed': 2, 'join.not_settled': 2 })
  })

  it('case 10: rejects one output once, whoever else edits it', () => {
    const story = new Story()
    const id = story.ask({ output: 'The refund takes three days.', head: { consent: {} } })
    story.state('granted', 'project', 'p1', START - DAY)
    story.say('correction', id, { author_id: 'u', kept: 'The refund takes five days, sorry.' })
    story.say('correction', id, { author_id: 'v', kept: 'There is no refund at all.' })
    const set = story.curate({ strategies: ['edit.final'] })
    expect(set.rows).toHaveLength(1)
    expect(drops(set)).toEqual({ 'exact_dedupe.one_pair_per_rejected_output': 1 })
  })

  it('case 17: takes a pasted foreign text for no edit', () => {
    const story = new Story()
    const long = (word: string): string => Array.from({ length: 30 }, (_, i) => `${word}${i}`).join(' ')
    const id = story.ask({ output: long('answer') })
    story.say('correction', id, { kept: long('pasted') })
    expect(drops(story.curate())).toEqual({ 'edit_bounds.rewrite': 2 })
  })
})

describe('choice.ab', () => {
  const picked = (fields: object): Story => {
    const story = new Story()
    const [a, b] = [story.ask({ prompt: 'q', output: 'first' }), story.ask({ prompt: 'q', output: 'second' })]
    const choice = { candidates: candidates(a, b), winner: '1', randomised: true, seen: [0, 1], ...fields }
    story.say('choice', a, choice)
    return story
  }

  it('prefers the picked one', () => {
    const [row] = pairsOf(picked({}).curate())
    expect([row?.chosen.content, row?.rejected?.content]).toEqual(['second', 'first'])
  })

  it.each([
    ['case 14: an arm never seen', { seen: [1] }, 'arm_not_seen'],
    ['case 15: slots not randomised', { randomised: false }, 'slots_not_randomised'],
    ['case 21: a tie', { winner: 'tie' }, 'tie'],
    ['case 21: both bad', { winner: 'both_bad' }, 'tie'],
  ])('%s is refused', (_, fields, reason) => {
    expect(drops(picked(fields).curate())).toEqual({ [`join.${reason}`]: 1 })
  })
})

describe('regenerate.accepted', () => {
  const again = (system: string, kept?: { name: string; value: number }): Story => {
    const story = new Story()
    const a = story.ask({ prompt: 'q', output: 'first', system: 'Be kind.' })
    const b = story.ask({ prompt: 'q', output: 'second', system })
    story.say('regenerate', a, { author_id: 'u', candidates: candidates(b) })
    if (kept === undefined) story.say('verdict', b, { author_id: 'u', label: 'accept' })
    else story.say('retain', b, { author_id: 'u', ...kept })
    return story
  }
  const strategies = ['regenerate.accepted'] as const

  it('prefers the second sample where it was accepted', () => {
    const [row] = pairsOf(again('Be kind.').curate())
    expect([row?.chosen.content, row?.rejected?.content]).toEqual(['second', 'first'])
  })

  it('takes what was kept for accepted only where it lasted as long and as far as the recipe asks', () => {
    const kept = (name: string, value: number, evidence = {}): Record<string, number> =>
      drops(again('Be kind.', { name, value }).curate({ strategies: [...strategies], evidence }))
    expect(kept('10m', 0.5)).toEqual({})
    const refused = { 'join.not_accepted': 1 }
    expect(kept('30s', 0.6)).toEqual(refused)
    expect(kept('10m', 0.4)).toEqual(refused)
    expect(kept('24h', 0.6, { retained_share: 0.9 })).toEqual(refused)
    expect(kept('24h', 0.9, { retained_share: 0.9 })).toEqual({})
    expect(kept('1h', 1, { retained_ms_by_task: { reply: DAY } })).toEqual(refused)
  })

  it('case 13: never pairs across prompts', () => {
    expect(drops(again('Be brief.').curate({ strategies: ['regenerate.accepted'] }))).toEqual({
      'construct.different_prompts': 1,
    })
  })

  it('case 3: leaves an edited second sample to the edit', () => {
    const story = again('Be kind.')
    story.say('correction', story.interactions[1]!.id, { author_id: 'u', kept: 'second, mended' })
    const set = story.curate()
    expect(pairsOf(set).map((row) => [row.meta.strategy, row.rejected?.content])).toEqual([['edit.final', 'second']])
    expect(drops(set)).toEqual({
      'join.second_was_edited': 1,
      'join.accepted_after_edit': 1,
      'exact_dedupe.duplicate': 1,
    })
  })
})

describe('thumbs.unpaired', () => {
  it('case 16: counts a thumb that is still there, and not one taken back', () => {
    const story = new Story()
    const a = story.ask()
    for (const label of ['up', 'up', 'none', 'down']) story.say('thumb', a, { author_id: 'u', label })
    const b = story.ask()
    for (const label of ['up', 'none']) story.say('thumb', b, { author_id: 'u', label })
    const set = story.curate({ strategies: ['thumbs.unpaired'] })
    expect(set.rows.map((row) => row.label)).toEqual([false])
    expect(drops(set)).toEqual({ 'snapshot.superseded': 4, 'join.taken_back': 1 })
  })

  it('quarantines contradictions', () => {
    const story = new Story()
    const a = story.ask()
    story.say('thumb', a, { author_id: 'u', label: 'up' })
    story.say('thumb', a, { session_id: 's', label: 'down' })
    expect(drops(story.curate({ strategies: ['thumbs.unpaired'] }))).toEqual({ 'join.contradictory': 2 })
  })
})

describe('gates', () => {
  it.each([
    ['case 8: a truncated stream', { finish_reasons: ['length'] }, 'truncated'],
    ['case 8: a stream cut off', { finish_reasons: [] }, 'unfinished'],
    ['case 8: an aborted call', { status: 'aborted' as const }, 'aborted'],
    ["case 18: a filter's text", { finish_reasons: ['content_filter'] }, 'filtered'],
    ['a delta', { continues: 'resp_1' }, 'prompt_is_a_delta'],
    ['an embedding', { operation: 'embedding' }, 'not_a_generation'],
  ])('%s is not a rejection', (_, head, reason) => {
    const story = new Story()
    story.say('correction', story.ask({ head }), { kept: 'Something else altogether.' })
    expect(drops(story.curate())).toEqual({ [`completeness.${reason}`]: 2 })
  })

  it('drops a prompt with a picture, never training it as text alone', () => {
    const story = new Story()
    const blob = { type: 'blob' as const, sha256: 'x', bytes: 3, media_type: 'image/png' }
    const messages: Message[] = [{ role: 'user', parts: [{ type: 'text', content: 'What is this?' }, blob] }]
    story.say('correction', story.ask({ messages }), { kept: 'A cat.' })
    expect(drops(story.curate())).toEqual({ 'completeness.blob_not_stored': 2 })
  })

  it.each([
    ['a control token', 'Done.<|im_end|>', 'format_validity.control_token'],
    ['a lone surrogate', 'Done \ud800', 'normalise.invalid_text'],
    ['NUL', 'Done \u0000', 'normalise.invalid_text'],
  ])('case 22: drops hostile text: %s', (_, kept, reason) => {
    const story = new Story()
    story.say('correction', story.ask(), { kept })
    expect(drops(story.curate())).toEqual({ [reason]: 2 })
  })

  it('case 22: keeps a text that only looks like a turn, and __proto__ as a key like any other', () => {
    const story = new Story()
    const id = story.ask({ output: '{"__proto__": {"a": 1}, "note": "x"}' })
    story.say('correction', id, { field: '/__proto__/a', kept_json: '[2]' })
    story.say('correction', story.ask(), { kept: 'As he said:\n\nHuman: hello\u2028you' })
    const texts = pairsOf(story.curate()).map((row) => row.chosen.content)
    expect(texts).toContain('{"__proto__": {"a": 2}, "note": "x"}')
    expect(texts).toContain('As he said:\n\nHuman: hello\u2028you')
  })

  it('drops reversed pairs together and repetitions but one', () => {
    const story = new Story()
    const edit = (served: string, kept: string): void => {
      story.say('correction', story.ask({ prompt: 'q', output: served }), { kept })
    }
    edit('It arrives today.', 'It never arrives at all.')
    edit('It never arrives at all.', 'It arrives today.')
    edit('We are closed.', 'We open at nine.')
    edit('We are closed.', 'We open at nine.')
    const set = story.curate({ strategies: ['edit.final'] })
    expect(set.rows).toHaveLength(1)
    expect(drops(set)).toEqual({ 'exact_dedupe.reversed_pair': 2, 'exact_dedupe.duplicate': 1 })
  })

  it('case 11: lets a withdrawal take old rows, also of those who only wrote the correction', () => {
    const story = new Story()
    const a = story.ask({ user: 'u' })
    story.say('correction', a, { author_id: 'u', kept: 'One, altogether new.' })
    const b = story.ask({ user: 'v' })
    story.say('correction', b, { author_id: 'agent', author_kind: 'expert', kept: 'Two, altogether new.' })
    expect(story.curate().rows).toHaveLength(4)
    story.state('withdrawn', 'user', 'u', START + 5 * DAY)
    story.state('withdrawn', 'user', 'agent', START + 5 * DAY)
    expect(drops(story.curate())).toEqual({
      'consent.consent_withdrawn': 2,
      'consent.author_consent_withdrawn': 2,
    })
  })

  it('case 12: counts feedback without its interaction as orphaned after a day', () => {
    const story = new Story()
    story.say('thumb', '0198c000-0000-7000-8000-0000000000ff', { label: 'up', time: START + DAY })
    story.watermark = START + DAY + HOUR
    expect(drops(story.curate())).toEqual({ 'join.target_not_yet_seen': 1 })
    story.watermark = START + 3 * DAY
    expect(drops(story.curate())).toEqual({ 'join.orphaned': 1 })
  })
})
