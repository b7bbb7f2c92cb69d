import { createNumbering, createRedactText, type DetectorName, numberer, redactJson } from '@flywheel/redaction'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Draft } from '../../src/draft.js'
import type { ChatMessage } from '../../src/prompt/chat.js'
import { rankedDetectors } from '../../src/prompt/placeholders.js'
import { redactDraft } from '../../src/prompt/redact-draft.js'
import { canonicalJson, sha256 } from '../../src/text/canonical-json.js'

const DETECTORS: DetectorName[] = ['secret', 'email', 'iban', 'card', 'phone']

const text = fc
  .array(
    fc.constantFrom(
      ...['plain words', ' ', '\n', '"', '\\', '{"to": "', '"}', '[', ']', '```', 'mail a@b.example', 'A@B.example'],
      ...['c@d.example', '[EMAIL_1]', '[EMAIL_2]', '[PHONE_1]', 'call +49 30 1234567', '+1 212 555 0100'],
      ...['DE89370400440532013000', '4111 1111 1111 1111', 'at', '\ud83d\ude00'],
    ),
    { maxLength: 7 },
  )
  .map((pieces) => pieces.join(''))

const message = (role: ChatMessage['role']): fc.Arbitrary<ChatMessage> =>
  fc.oneof(
    text.map((content): ChatMessage => ({ role, content })),
    fc.tuple(text, text).map(([content, to]): ChatMessage => {
      const call = { name: 'send', arguments: { to, [to]: 4_111_111_111_111_111 } }
      return { role, content, tool_calls: [{ type: 'function', id: 'call_1', function: call }] }
    }),
  )

const drafts = fc
  .record({
    prompt: fc.array(message('user'), { maxLength: 3 }),
    tools: fc.array(
      text.map((description) => ({ type: 'function', function: { description } })),
      { maxLength: 1 },
    ),
    chosen: message('assistant'),
    rejected: fc.option(message('assistant'), { nil: undefined }),
  })
  .map(
    ({ rejected, ...rest }): Draft => ({
      shape: rejected === undefined ? 'supervised' : 'preference',
      ...rest,
      ...(rejected === undefined ? {} : { rejected }),
      prior: 0.7,
      prior_source: 'judgement',
      edit_distance: null,
      interaction: 'i',
      rejected_answer: null,
      chosen_by: 'human',
      consent: '',
    }),
  )

/** Every text of the row through one numbering: prompt, tools, then the side with the lower hash. */
function slowly({ prompt, tools, chosen, rejected }: Draft): Pick<Draft, 'prompt' | 'tools' | 'chosen' | 'rejected'> {
  const spelled = (): string => JSON.stringify([prompt, tools, chosen, rejected ?? null, null])
  const redact = createRedactText(rankedDetectors(DETECTORS), numberer(createNumbering(), spelled))
  const one = (said: ChatMessage): ChatMessage => {
    const next: ChatMessage = { ...said, content: redact(said.content) }
    if (said.tool_calls === undefined) return next
    const calls = said.tool_calls.map((call) => {
      const made = redactJson(call.function.arguments, redact) as typeof call.function.arguments
      return { ...call, function: { ...call.function, arguments: made } }
    })
    return { ...next, tool_calls: calls }
  }
  const asked = { prompt: prompt.map(one), tools: tools.map((tool) => redactJson(tool, redact)) }
  if (rejected === undefined) return { ...asked, chosen: one(chosen) }
  const hash = (side: ChatMessage): string => sha256(canonicalJson(side))
  if (hash(rejected) < hash(chosen)) {
    const worse = one(rejected)
    return { ...asked, chosen: one(chosen), rejected: worse }
  }
  return { ...asked, chosen: one(chosen), rejected: one(rejected) }
}

it('makes of every row what going through each of its texts makes, the first time and the second', () => {
  fc.assert(
    fc.property(drafts, (draft) => {
      const expected = slowly(draft)
      for (let time = 0; time < 2; time++) {
        const { prompt, tools, chosen, rejected } = redactDraft(draft, DETECTORS).draft
        const made = { prompt, tools, chosen, ...(rejected === undefined ? {} : { rejected }) }
        expect(JSON.stringify(made)).toBe(JSON.stringify(expected))
      }
    }),
    { numRuns: 1500 },
  )
})

it('asks again where a recipe names other detectors', () => {
  const chosen: ChatMessage = { role: 'assistant', content: 'mail a@b.example' }
  const draft = { ...fc.sample(drafts, { numRuns: 1, seed: 1 })[0]!, chosen }
  expect(redactDraft(draft, ['phone']).draft.chosen.content).toBe('mail a@b.example')
  expect(redactDraft(draft, ['phone', 'email']).draft.chosen.content).toMatch(/^mail \[EMAIL_\d+\]$/)
})
