import type { Message } from '@flywheel/schema'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Draft } from '../../src/draft.js'
import { parseRecipe } from '../../src/index.js'
import type { ChatMessage } from '../../src/prompt/chat.js'
import { redactDraft } from '../../src/prompt/redact-draft.js'
import { drops, pairsOf, Story, text } from '../support.js'

const ON = parseRecipe({}).redact.detectors

const says = (role: ChatMessage['role'], content: string): ChatMessage => ({ role, content })

const draftOf = (prompt: string, chosen: string, rejected: string, tools: unknown[] = []): Draft => ({
  shape: 'preference',
  prompt: [says('user', prompt)],
  tools,
  chosen: says('assistant', chosen),
  rejected: says('assistant', rejected),
  prior: 0.75,
  prior_source: 'measured',
  edit_distance: 0.5,
  interaction: 'i',
  rejected_answer: 'i/0',
  chosen_by: 'human',
  consent: '',
})

describe('redact', () => {
  it('gives the same e-mail the same placeholder in prompt and sides, and another one another (case 7)', () => {
    const story = new Story()
    const id = story.ask({
      prompt: 'Write to ada@lovelace.example and bob@builder.example, please.',
      output: 'I wrote to Bob@Builder.example.',
    })
    story.say('correction', id, { kept: 'Done: ada@lovelace.example and eve@else.example know of it now.' })
    const [row] = pairsOf(story.curate())
    expect(row?.prompt[0]?.content).toBe('Write to [EMAIL_1] and [EMAIL_2], please.')
    expect(row?.chosen.content).toBe('Done: [EMAIL_1] and [EMAIL_3] know of it now.')
    expect(row?.rejected?.content).toBe('I wrote to [EMAIL_2].')
    expect(row?.meta.redactions).toEqual({ EMAIL: 3 })
  })

  it('numbers the sides alike whichever of them is wanted', () => {
    const firsts = { chosen: 0, rejected: 0 }
    for (let n = 0; n < 40; n++) {
      const [one, two] = [`Write to old${n}@shop.example today.`, `Please mail new${n}@shop.example.`]
      const { draft } = redactDraft(draftOf('To whom?', one, two), ON)
      const { draft: turned } = redactDraft(draftOf('To whom?', two, one), ON)
      expect([turned.rejected, turned.chosen]).toEqual([draft.chosen, draft.rejected])
      firsts[draft.chosen.content.includes('[EMAIL_1]') ? 'chosen' : 'rejected']++
    }
    expect(Math.min(firsts.chosen, firsts.rejected)).toBeGreaterThan(8)
  })

  it('begins to count anew in each row: a placeholder tells nothing of another row', () => {
    const story = new Story()
    for (const mail of ['a@one.example', 'b@two.example']) {
      story.say('correction', story.ask({ output: 'No idea.' }), { kept: `Please write to ${mail} about that.` })
    }
    const texts = pairsOf(story.curate()).map((row) => row.chosen.content)
    expect(texts).toEqual(['Please write to [EMAIL_1] about that.', 'Please write to [EMAIL_1] about that.'])
  })

  it.each([
    ['spelled in another way', 'Write to Ada@Lovelace.example today.', 'Write to ada@lovelace.example today.'],
    ['one instead of another, neither of them in the prompt', 'Mail a@one.example.', 'Mail b@two.example.'],
  ])('drops a pair whose sides differ only in a value: %s (case 6)', (_, output, kept) => {
    const story = new Story()
    story.say('correction', story.ask({ output }), { kept })
    expect(drops(story.curate({ edit: { min_distance: 0 } }))).toMatchObject({ 'redact.same_after_redaction': 2 })
  })

  it('keeps a pair whose better side takes the value that the prompt asks for', () => {
    const story = new Story()
    const prompt = 'Mail a@one.example, not b@two.example.'
    story.say('correction', story.ask({ prompt, output: 'Mailed b@two.example.' }), { kept: 'Mailed a@one.example.' })
    expect(pairsOf(story.curate()).map((row) => row.chosen.content)).toEqual(['Mailed [EMAIL_1].'])
  })

  it('reaches the system prompt, tool definitions, tool arguments with their keys and numbers, and tool responses', () => {
    const story = new Story()
    const call: Message = {
      role: 'assistant',
      parts: [
        {
          type: 'tool_call',
          id: 'c1',
          name: 'charge',
          arguments: { 'ada@lovelace.example': true, card: 4111111111111111, to: ['bob@builder.example'] },
        },
      ],
    }
    const response: Message = {
      role: 'tool',
      parts: [{ type: 'tool_call_response', id: 'c1', response: { account: 'DE89 3704 0044 0532 0130 00' } }],
    }
    const id = story.ask({
      system: 'You are the desk of ada@lovelace.example.',
      messages: [text('user', 'Charge it.'), call, response],
      outputs: [
        {
          role: 'assistant',
          parts: [{ type: 'tool_call', id: 'c2', name: 'mail', arguments: '{"to":"bob@builder.example","n":1}' }],
        },
      ],
    })
    story.bodies.at(-1)!.tools = JSON.stringify([
      { type: 'function', name: 'mail', description: 'Mails bob@builder.example', parameters: {} },
    ])
    story.say('correction', id, { field: '/tool_call/c2/arguments/n', kept_json: '[2]' })
    const [row] = pairsOf(story.curate({ strategies: ['edit.toolcall'] }))
    expect(row?.prompt[0]?.content).toBe('You are the desk of [EMAIL_1].')
    expect(row?.prompt[2]?.tool_calls?.[0]?.function.arguments).toEqual({
      '[EMAIL_1]': true,
      card: '[CARD_1]',
      to: ['[EMAIL_2]'],
    })
    expect(row?.prompt[3]?.content).toBe('{"account":"[IBAN_1]"}')
    expect(row?.chosen.tool_calls?.[0]?.function.arguments).toEqual({ to: '[EMAIL_2]', n: 2 })
    expect(JSON.stringify([row?.tools, row?.rejected])).not.toContain('builder.example')
  })

  it('replaces nothing where the recipe names no detector, and refuses one that it does not know', () => {
    const story = new Story()
    story.say('correction', story.ask(), { kept: 'Please write to ada@lovelace.example instead.' })
    const [row] = pairsOf(story.curate({ redact: { detectors: [] } }))
    expect(row?.chosen.content).toContain('ada@lovelace.example')
    expect(() => parseRecipe({ redact: { detectors: ['e-mail'] } })).toThrow(/redact\.detectors\.0/)
  })

  const word = fc.constantFrom(
    'ada@lovelace.example',
    'ADA@lovelace.example',
    'bob@builder.example',
    '4111 1111 1111 1111',
    'DE89370400440532013000',
    '[EMAIL_1]',
    '{"to":"ada@lovelace.example"}',
    'the',
    '\n',
    '"',
  )
  const said = fc.array(fc.oneof(word, fc.string()), { maxLength: 8 }).map((words) => words.join(' '))

  it('lets no value through, is idempotent, and gives to nobody what a row spells out itself', () => {
    fc.assert(
      fc.property(said, said, said, (prompt, chosen, rejected) => {
        const draft = draftOf(prompt, chosen, rejected, [{ note: prompt }])
        const given = JSON.stringify(draft)
        const once = redactDraft(draft, ON)
        const all = JSON.stringify(once.draft)
        for (const secret of ['lovelace.example', 'builder.example', '4111 1111', 'DE8937'])
          expect(all.toLowerCase()).not.toContain(secret.toLowerCase())
        const twice = redactDraft(once.draft, ON)
        expect(twice).toMatchObject({ draft: once.draft, redactions: {} })
        // What stands for somebody else already is given to nobody: it stands as often as before.
        const isSpelled = given.includes('[EMAIL_1]')
        if (isSpelled) expect(all.split('[EMAIL_1]')).toHaveLength(given.split('[EMAIL_1]').length)
      }),
      { numRuns: 300 },
    )
  })
})
