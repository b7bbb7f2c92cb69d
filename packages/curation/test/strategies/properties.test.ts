import type { Message } from '@flywheel/schema'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_REJECTIONS, opensWithRejection } from '../../src/text/rejection.js'
import { DAY, drops, HOUR, pairsOf, START, Story, text } from '../support.js'

const candidates = (ids: readonly string[]): string => JSON.stringify(ids.map((id) => ({ id, choice: 0 })))
const only = (...strategies: string[]): { strategies: string[] } => ({ strategies })
const word = fc.stringMatching(/^[a-z]{3,8}$/)

/** Answers to one question, told apart by their number. */
const answers = (story: Story, count: number): string[] =>
  Array.from({ length: count }, (_, n) => story.ask({ prompt: 'the question', output: `answer ${n}` }))

describe('of any evidence', () => {
  it('edit.toolcall changes the corrected argument alone, and no order of keys is an edit', () => {
    const values = fc.dictionary(word, fc.oneof(fc.integer(), word, fc.boolean()), { minKeys: 1, maxKeys: 5 })
    fc.assert(
      fc.property(values, fc.nat(), fc.integer(), (args, at, value) => {
        const key = Object.keys(args)[at % Object.keys(args).length]!
        const story = new Story()
        const outputs: Message[] = [
          { role: 'assistant', parts: [{ type: 'tool_call', id: 'c', name: 'f', arguments: JSON.stringify(args) }] },
        ]
        const changed = story.ask({ outputs })
        const field = { author_id: 'u', field: `/tool_call/c/arguments/${key}`, kept_json: JSON.stringify([value]) }
        story.say('correction', changed, field)
        const reversed = Object.fromEntries(Object.entries(args).reverse())
        const same = { author_id: 'u', field: '/tool_call/c/arguments', kept_json: JSON.stringify(reversed) }
        story.say('correction', story.ask({ outputs }), same)
        const rows = pairsOf(story.curate(only('edit.toolcall')))
        expect(rows).toHaveLength(args[key] === value ? 0 : 1)
        for (const { chosen, rejected } of rows) {
          expect(chosen.tool_calls?.[0]?.function.arguments).toEqual({ ...args, [key]: value })
          expect(rejected?.tool_calls?.[0]?.function.arguments).toEqual(args)
        }
      }),
    )
  })

  it('choice.best_of_n prefers the picked one to every other that was seen, for one weight in all', () => {
    const choice = fc.integer({ min: 3, max: 8 }).chain((count) =>
      fc.record({
        count: fc.constant(count),
        winner: fc.nat(count - 1),
        seen: fc.uniqueArray(fc.nat(count - 1)),
      }),
    )
    fc.assert(
      fc.property(choice, ({ count, winner, seen }) => {
        const story = new Story()
        const ids = answers(story, count)
        story.say('choice', ids[0]!, { candidates: candidates(ids), winner: String(winner), seen })
        const rows = pairsOf(story.curate())
        const losers = seen.includes(winner) ? seen.filter((slot) => slot !== winner) : []
        expect(rows.map((row) => row.rejected?.content).sort()).toEqual(losers.map((slot) => `answer ${slot}`).sort())
        expect(rows.every((row) => row.chosen.content === `answer ${winner}`)).toBe(true)
        const sum = rows.reduce((total, { meta }) => total + meta.weight, 0)
        if (losers.length > 0) expect(sum).toBeCloseTo(2 * 0.68 - 1, 5)
      }),
    )
  })

  it('regenerate.edited rejects the second sample and, only where asked, the first; never what is kept', () => {
    fc.assert(
      fc.property(word, fc.boolean(), fc.boolean(), (kept, weak_pair, isSamePrompt) => {
        const story = new Story()
        const first = story.ask({ prompt: isSamePrompt ? 'q' : 'another', output: 'the first answer' })
        const second = story.ask({ prompt: 'q', output: 'the second answer' })
        story.say('regenerate', first, { author_id: 'u', candidates: candidates([second]) })
        story.say('correction', second, { author_id: 'u', kept: `mended ${kept}` })
        const set = story.curate({ ...only('regenerate.edited'), evidence: { weak_pair } })
        const expected = ['the second answer', ...(weak_pair && isSamePrompt ? ['the first answer'] : [])]
        expect(
          pairsOf(set)
            .map((row) => row.rejected?.content)
            .sort(),
        ).toEqual(expected.sort())
        expect(pairsOf(set).every((row) => row.chosen.content === `mended ${kept}`)).toBe(true)
        expect(drops(set)).toEqual(weak_pair && !isSamePrompt ? { 'construct.different_prompts': 1 } : {})
      }),
    )
  })

  it('accept.reject pairs a rejected sample with the best kept one that nobody refused', () => {
    const sample = fc.record({
      verdict: fc.constantFrom('accept', 'reject', ''),
      kept: fc.nat(10),
      refused: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 6 }), (samples) => {
        const story = new Story()
        const ids = answers(story, samples.length)
        for (const [n, { verdict, kept, refused }] of samples.entries()) {
          if (verdict !== '') story.say('verdict', ids[n]!, { author_id: 'u', label: verdict })
          if (verdict === 'accept') story.say('retain', ids[n]!, { author_id: 'u', name: '24h', value: kept / 10 })
          if (refused) story.say('thumb', ids[n]!, { author_id: 'v', label: 'down' })
        }
        const good = samples.flatMap(({ verdict, kept, refused }, n) =>
          verdict === 'accept' && kept >= 5 && !refused ? [{ n, kept }] : [],
        )
        const best = Math.max(...good.map(({ kept }) => kept))
        const rejected = samples.flatMap(({ verdict }, n) => (verdict === 'reject' ? [`answer ${n}`] : []))
        const rows = pairsOf(story.curate(only('accept.reject')))
        expect(rows.map((row) => row.rejected?.content).sort()).toEqual(good.length === 0 ? [] : rejected.sort())
        const first = good.find(({ kept }) => kept === best)
        expect(new Set(rows.map((row) => row.chosen.content)).size).toBeLessThanOrEqual(1)
        for (const row of rows) expect(row.chosen.content).toBe(`answer ${first?.n}`)
      }),
    )
  })

  it('thumbs.pair has opposite net signs, gap and agreement of the recipe, and no sample on two chosen sides', () => {
    const share = fc.constantFrom(0.5, 0.75, 0.8, 1)
    const thumb = fc.record({ sample: fc.nat(3), author: fc.nat(7), label: fc.constantFrom('up', 'down') })
    fc.assert(
      fc.property(fc.array(thumb, { maxLength: 30 }), fc.integer({ min: 2, max: 5 }), share, (thumbs, gap, least) => {
        const story = new Story()
        const ids = answers(story, 4)
        const last = new Map<string, number>()
        for (const { sample, author, label } of thumbs) {
          story.say('thumb', ids[sample]!, { author_id: `a${author}`, label })
          last.set(`${sample}/${author}`, label === 'up' ? 1 : -1)
        }
        const net = ids.map((_, n) =>
          [...last].filter(([key]) => key.startsWith(`${n}/`)).reduce((sum, [, each]) => sum + each, 0),
        )
        const most = Math.max(...net)
        const voices = (n: number, sign: number): number =>
          [...last].filter(([key, each]) => key.startsWith(`${n}/`) && each === sign).length
        const best = net.indexOf(most)
        const expected = net.flatMap((each, n) => {
          if (each >= 0 || most <= 0 || most - each < gap) return []
          const [agreeing, others] = [voices(best, 1) + voices(n, -1), voices(best, -1) + voices(n, 1)]
          return agreeing / (agreeing + others) >= least ? [`answer ${n}`] : []
        })
        const evidence = { thumbs_min_gap: gap, thumbs_min_agreement: least, thumbs_min_authors: 1 }
        const recipe = { ...only('thumbs.pair'), evidence }
        const rows = pairsOf(story.curate(recipe))
        expect(rows.map((row) => row.rejected?.content).sort()).toEqual(expected.sort())
        for (const row of rows) expect(row.chosen.content).toBe(`answer ${net.indexOf(most)}`)
      }),
    )
  })

  it('review.decision approves the text that stood there, if nobody refused it later', () => {
    const hours = fc.uniqueArray(fc.integer({ min: 1, max: 48 }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(hours, fc.boolean(), ([corrected, approved, refused], isRefused) => {
        const story = new Story()
        const id = story.ask({ output: 'served' })
        const at = (hour: number): { time: number } => ({ time: START + hour * HOUR })
        story.say('correction', id, { author_id: 'u', kept: 'what the editor kept', ...at(corrected!) })
        story.say('review', id, { author_id: 'r', author_kind: 'expert', label: 'approve', ...at(approved!) })
        if (isRefused) story.say('verdict', id, { author_id: 'v', label: 'reject', ...at(refused!) })
        const rows = pairsOf(story.curate(only('review.decision')))
        const isApproved = corrected! < approved! && !(isRefused && refused! > corrected!)
        expect(rows).toHaveLength(isApproved ? 1 : 0)
        for (const row of rows) {
          expect([row.chosen.content, row.rejected?.content]).toEqual(['what the editor kept', 'served'])
        }
      }),
    )
  })

  it('followup.repair needs the earlier prompt, its answer and a message that rejects it, in this order', () => {
    const phrase = fc.constantFrom(...DEFAULT_REJECTIONS)
    fc.assert(
      fc.property(phrase, fc.boolean(), fc.boolean(), word, (opening, isRejected, isInserted, tail) => {
        const story = new Story()
        const question = text('user', 'the question')
        story.ask({ messages: [question], output: 'the answer', session: 's' })
        const said = text('user', isRejected ? `${opening.toUpperCase()}, ${tail}` : `Thanks ${opening}, ${tail}`)
        const between = isInserted ? [text('user', 'wait'), text('assistant', 'yes?')] : []
        const messages = [question, text('assistant', 'the answer'), ...between, said]
        const later = story.ask({ messages, output: 'the later answer', session: 's' })
        story.say('verdict', later, { author_id: 'u', label: 'accept' })
        const rows = pairsOf(story.curate(only('followup.repair')))
        expect(rows).toHaveLength(isRejected && !isInserted ? 1 : 0)
        for (const row of rows) expect(row.prompt).toEqual([{ role: 'user', content: 'the question' }])
      }),
    )
  })

  it('a phrase opens a message only as words of their own', () => {
    fc.assert(
      fc.property(fc.constantFrom(...DEFAULT_REJECTIONS), word, (phrase, tail) => {
        expect(opensWithRejection(phrase, DEFAULT_REJECTIONS)).toBe(true)
        expect(opensWithRejection(`${phrase}${tail}`, [phrase])).toBe(false)
        expect(opensWithRejection(`${tail} ${phrase}`, [phrase])).toBe(false)
      }),
    )
  })

  it('sft.accept holds each accepted answer once, as it was served, and none that was changed, refused or lost', () => {
    const sign = fc.constantFrom('accept', 'approve', 'correction', 'down', 'lost', 'copy')
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(sign), { maxLength: 5 }), (each) => {
        const story = new Story()
        const ids = each.map((_, n) => story.ask({ output: `answer ${n}` }))
        for (const [n, said] of each.entries()) {
          const id = ids[n]!
          if (said.includes('accept')) story.say('verdict', id, { author_id: 'u', label: 'accept' })
          if (said.includes('approve')) story.say('review', id, { author_id: 'r', label: 'approve' })
          if (said.includes('correction')) story.say('correction', id, { author_id: 'u', kept: 'something else' })
          if (said.includes('down')) story.say('thumb', id, { author_id: 'v', label: 'down' })
          if (said.includes('lost')) story.say('retain', id, { author_id: 'u', name: '24h', value: 0 })
          if (said.includes('copy')) story.say('copy', id, { author_id: 'u' })
        }
        const isAccepted = (said: string[]): boolean =>
          (said.includes('accept') || said.includes('approve')) &&
          !['correction', 'down', 'lost'].some((against) => said.includes(against))
        const expected = each.flatMap((said, n) => (isAccepted(said) ? [`answer ${n}`] : []))
        const { rows } = story.curate(only('sft.accept'))
        expect(rows.map((row) => row.chosen.content).sort()).toEqual(expected.sort())
      }),
    )
  })

  it('rejects no output in two pairs, whatever strategies meet, and takes the strongest of the catalogue', () => {
    const kinds = fc.uniqueArray(fc.constantFrom('review', 'correction', 'choice', 'regenerate', 'accept', 'thumbs'))
    const order = ['review.decision', 'edit.final', 'choice.ab', 'regenerate.accepted', 'accept.reject', 'thumbs.pair']
    fc.assert(
      fc.property(kinds, (said) => {
        const story = new Story()
        const [bad, picked, second, kept, liked] = answers(story, 5) as [string, string, string, string, string]
        const has = (kind: string): boolean => (said as string[]).includes(kind)
        // A reviewer's text alone: a correction beside it is the editor's.
        if (has('review'))
          story.say('review', bad, {
            author_id: 'r',
            author_kind: 'expert',
            label: 'edit',
            kept: 'the reviewer wrote this',
          })
        if (has('correction'))
          story.say('correction', bad, { author_id: 'u', kept: 'the editor wrote this one', time: START + 2 * DAY })
        const pair = { candidates: candidates([bad, picked]), winner: '1', randomised: true, seen: [0, 1] }
        if (has('choice')) story.say('choice', bad, { author_id: 'u', ...pair })
        if (has('regenerate')) {
          story.say('regenerate', bad, { author_id: 'u', candidates: candidates([second]) })
          story.say('verdict', second, { author_id: 'u', label: 'accept' })
        }
        if (has('accept')) {
          story.say('verdict', bad, { author_id: 'u', label: 'reject' })
          story.say('verdict', kept, { author_id: 'u', label: 'accept' })
          story.say('retain', kept, { author_id: 'u', name: '24h', value: 1 })
        }
        if (has('thumbs')) {
          story.say('thumb', bad, { author_id: 'x', label: 'down' })
          for (const author_id of ['v', 'w']) story.say('thumb', liked, { author_id, label: 'up' })
        }
        const rows = pairsOf(story.curate({ ...only(...order) }))
        expect(rows.length).toBeLessThanOrEqual(1)
        const given: string[] = ['review', 'correction', 'choice', 'regenerate', 'accept', 'thumbs']
        // A refusal after a reviewer's text contradicts it; before the editor's, it says why.
        const isRefused = has('accept') || has('thumbs')
        const live = given.filter((kind) => has(kind) && !(kind === 'review' && isRefused))
        const strongest = live[0]
        expect(rows[0]?.meta.strategy).toBe(order[given.indexOf(strongest ?? '')])
      }),
    )
  })
})
