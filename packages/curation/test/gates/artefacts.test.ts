import { describe, expect, it } from 'vitest'
import { withoutCitations } from '../../src/artefacts/citations.js'
import { withoutReasoning } from '../../src/artefacts/reasoning.js'
import { tidyWhiteSpace } from '../../src/artefacts/white-space.js'
import { drops, pairsOf, Story } from '../support.js'

const SIGNATURE = '\n\nKind regards,\nAda of the support desk'

/** Corrections of one author, each with the same lines at its end. */
function signed(count: number, end: string): Story {
  const story = new Story()
  for (let n = 0; n < count; n++) {
    const id = story.ask({ prompt: `Question ${n}?`, output: `Your parcel number ${n} is late.` })
    story.say('correction', id, { author_id: 'u', kept: `We are sorry: parcel ${n} comes on Friday.${end}` })
  }
  return story
}

describe('signatures', () => {
  it('takes away what an author adds to every edit (case 17)', () => {
    const set = signed(6, SIGNATURE).curate({ strategies: ['edit.final', 'sft.edit'] })
    expect(set.rows).toHaveLength(12)
    for (const row of set.rows) {
      expect(row.chosen.content).toMatch(/^We are sorry: parcel \d comes on Friday\.$/)
      expect(row.meta.artefacts_removed).toEqual(['signatures'])
    }
  })

  it.each([
    ['as it was typed', () => 'Ada, ada@desk.example, +49 30 12345678'],
    ['as the SDK redacted it, with numbers of one turn', (n: number) => `Ada, [EMAIL_${n}]`],
  ])('takes away a signature with a personal value in it, %s', (_, name) => {
    const story = new Story()
    for (let n = 0; n < 6; n++) {
      const id = story.ask({ prompt: `Question ${n}?`, output: `Your parcel number ${n} is late.` })
      const kept = `eve@else.example: parcel ${n} comes on Friday.\n\nKind regards,\n${name(n)}`
      story.say('correction', id, { author_id: 'u', kept })
    }
    const texts = pairsOf(story.curate()).map((row) => row.chosen.content)
    expect(texts).toHaveLength(6)
    for (const each of texts) expect(each).toMatch(/^\[EMAIL_\d\]: parcel \d comes on Friday\.$/)
  })

  it('leaves a last line that holds another value each time', () => {
    const story = new Story()
    for (let n = 0; n < 6; n++) {
      const kept = `We are sorry: parcel ${n} comes on Friday.\nAsk for it at desk${n}@shop.example`
      story.say('correction', story.ask({ output: `Your parcel number ${n} is late.` }), { author_id: 'u', kept })
    }
    const texts = pairsOf(story.curate()).map((row) => row.chosen.content)
    expect(texts.filter((each) => each.endsWith('Ask for it at [EMAIL_1]'))).toHaveLength(6)
  })

  it('takes away a greeting before every edit too', () => {
    const story = new Story()
    for (let n = 0; n < 6; n++) {
      story.say('correction', story.ask({ output: `It is late: ${n}.` }), {
        author_id: 'u',
        kept: `Hello from the desk!\n\nParcel ${n} comes on Friday, surely.`,
      })
    }
    const texts = pairsOf(story.curate()).map((row) => row.chosen.content)
    expect(texts).toHaveLength(6)
    expect(texts.filter((each) => each.includes('Hello'))).toEqual([])
  })

  it('makes no pair of an edit that adds nothing else', () => {
    const story = signed(6, SIGNATURE)
    const output = 'Your parcel is here.\nIt waits for you at the desk.'
    story.say('correction', story.ask({ prompt: 'And?', output }), { author_id: 'u', kept: output + SIGNATURE })
    expect(drops(story.curate())).toMatchObject({ 'artefacts.same_without_artefacts': 2 })
  })

  it('leaves lines that few edits have, those of the served side, and a text that is nothing else', () => {
    const few = pairsOf(signed(4, SIGNATURE).curate())
    expect(few.every((row) => row.chosen.content.includes('Kind regards'))).toBe(true)
    const served = new Story()
    for (let n = 0; n < 6; n++) {
      const id = served.ask({ output: `Parcel ${n} is late.${SIGNATURE}` })
      served.say('correction', id, { author_id: 'u', kept: `Parcel ${n} comes on Friday, I promise.${SIGNATURE}` })
    }
    expect(pairsOf(served.curate()).every((row) => row.chosen.content.includes('Kind regards'))).toBe(true)
    const same = new Story()
    for (let n = 0; n < 6; n++) {
      const id = same.ask({ prompt: `Is ${n} right?`, output: `No, ${n} it is not.` })
      same.say('correction', id, { author_id: 'u', kept: 'Approved' })
    }
    expect(pairsOf(same.curate()).map((row) => row.chosen.content)).toContain('Approved')
  })

  it('leaves JSON whole, whose last line is the same in every edit', () => {
    const story = new Story()
    for (let n = 0; n < 6; n++) {
      story.say('correction', story.ask({ output: `Number ${n}, in words.` }), {
        author_id: 'u',
        kept: `{\n  "number": ${n},\n  "unit": "parcel"\n}`,
      })
    }
    const texts = pairsOf(story.curate()).map((row) => row.chosen.content)
    expect(texts).toHaveLength(6)
    for (const each of texts) expect(JSON.parse(each)).toMatchObject({ unit: 'parcel' })
  })
})

describe('artefacts', () => {
  it('cuts off thoughts in tags before an answer, and drops a side whose thoughts never end', () => {
    expect(withoutReasoning('<think>\nHm.\n</think>\n\nYes.')).toBe('Yes.')
    expect(withoutReasoning('Hm.\n</think>\nYes.')).toBe('Yes.')
    expect(withoutReasoning('Write `<think>` and `</think>` around it.')).toBe(
      'Write `<think>` and `</think>` around it.',
    )
    const story = new Story()
    story.say('correction', story.ask({ output: '<think>Where could it be' }), { kept: 'It comes on Friday.' })
    expect(drops(story.curate())).toEqual({ 'artefacts.reasoning_without_end': 2 })
  })

  it('takes marks of sources out of prose, and leaves code, indexes and footnotes that both sides have', () => {
    expect(withoutCitations('It is late【4:0†parcels.pdf】, as said[^1].', null)).toBe('It is late, as said.')
    expect(withoutCitations('Late. [1] Very late. [2]', 'Late.')).toBe('Late. Very late.')
    expect(withoutCitations('Late. [1] Very late. [2]', 'It is. [1]')).toBe('Late. [1] Very late. [2]')
    for (const code of ['```\na [1] b [2]\n```', 'Take rows[1] and rows[2].', '[1, [2]]', 'Only one. [1]'])
      expect(withoutCitations(code, 'nothing')).toBe(code)
  })

  it('takes no part of code for a mark of a source, between backticks or bare', () => {
    const code = [
      'Use `s.replace(/[^a-z0-9]/g, "")`, then trim it.',
      's.replace(/[^a-z0-9]/g, "").replace(/x[^1]*/, "")',
      'Split by ``a`[^b]`` and [^\\s]+.',
      'Take `rows()[0].id` and then `rows() [1]`.',
      'Take rows()[0].id and then rows()[1].id, or "ab"[0] and "ab"[1].',
      'Take `rows`[0] and `rows`[1].',
    ]
    for (const each of code) expect(withoutCitations(each, 'Take the first of them.')).toBe(each)
    const noted = 'It is late[^1][^2], by two days [^dhl].\n\n[^dhl]: parcels.pdf'
    expect(withoutCitations(noted, null)).toBe('It is late, by two days.\n\n[^dhl]: parcels.pdf')
  })

  it('writes both sides in one style of white space, code apart', () => {
    expect(tidyWhiteSpace('\n\na\u00a0b\u200b\n\n\n\nc\n')).toBe('a b\n\nc')
    expect([tidyWhiteSpace(' a'), tidyWhiteSpace('    a = 1')]).toEqual(['a', '    a = 1'])
    expect(tidyWhiteSpace('```\na\u00a0b\n\n\n\nc\n```')).toBe('```\na\u00a0b\n\n\n\nc\n```')
    const story = new Story()
    story.say('thumb', story.ask({ output: '\n\nOn Friday.\n' }), { label: 'up' })
    expect(story.curate().rows.map((row) => [row.chosen.content, row.meta.artefacts_removed])).toEqual([
      ['On Friday.', ['white_space']],
    ])
  })

  it('removes only what the recipe names', () => {
    const texts = pairsOf(signed(6, SIGNATURE).curate({ artefacts: { remove: ['white_space'] } }))
    expect(texts.every((row) => row.chosen.content.includes('Kind regards'))).toBe(true)
  })

  it('shows the ids of no provider: tool calls are numbered alike on both sides', () => {
    const story = new Story()
    const call = (id: string, n: number) => ({
      role: 'assistant' as const,
      parts: [{ type: 'tool_call' as const, id, name: 'refund', arguments: { n } }],
    })
    const [a, b] = [
      story.ask({ prompt: 'q', outputs: [call('toolu_01A', 1)] }),
      story.ask({ prompt: 'q', outputs: [call('call_xyz', 2)] }),
    ]
    story.say('choice', a, {
      candidates: JSON.stringify([{ id: a }, { id: b }]),
      winner: '1',
      randomised: true,
      seen: [0, 1],
    })
    const [row] = pairsOf(story.curate({ strategies: ['choice.ab'] }))
    expect([row?.chosen.tool_calls?.[0]?.id, row?.rejected?.tool_calls?.[0]?.id]).toEqual(['call_1', 'call_1'])
  })
})
