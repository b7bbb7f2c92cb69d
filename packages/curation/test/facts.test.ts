import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Draft } from '../src/draft.js'
import { measure } from '../src/facts.js'
import { recipeSchema } from '../src/index.js'
import type { ChatMessage } from '../src/prompt/chat.js'
import { editFinal } from '../src/strategies/edit-final.js'
import { canonicalJson, sha256 } from '../src/text/canonical-json.js'
import { createWorld } from '../src/world.js'
import { ports, Story } from './support.js'

const content = fc.string({ unit: 'grapheme', maxLength: 20 })
const side = content.map((said): ChatMessage => ({ role: 'assistant', content: said }))

const drafts = fc.record({
  shape: fc.constantFrom('preference', 'unpaired', 'supervised'),
  prompt: fc.array(
    content.map((said): ChatMessage => ({ role: 'user', content: said })),
    { maxLength: 3 },
  ),
  tools: fc.array(fc.jsonValue(), { maxLength: 2 }),
  chosen: side,
  rejected: side,
  label: fc.constantFrom(undefined, true, false),
})

it('hashes a row as the canonical JSON of the whole of it, however often its prompt was hashed before', () => {
  const story = new Story()
  const interaction = story.ask()
  story.say('correction', interaction, { kept: 'Another text.' })
  const world = createWorld(story.evidence(), recipeSchema.parse({}))
  const state = world.states[0]!
  const parts = { answers: [{ interaction, choice: 0 }], feedback: [state] }
  fc.assert(
    fc.property(drafts, ({ label, ...drawn }) => {
      const { shape, prompt, tools, chosen, rejected } = drawn
      for (const said of [chosen, rejected]) {
        const draft: Draft = {
          ...drawn,
          chosen: said,
          ...(label === undefined ? {} : { label }),
          prior: 0.7,
          prior_source: 'judgement',
          edit_distance: null,
          interaction,
          rejected_answer: null,
          chosen_by: 'human',
          consent: '',
        }
        const facts = measure({ strategy: editFinal, state, parts, draft }, world, ports)
        const isPair = shape === 'preference'
        const sides = isPair ? [said, rejected] : [said]
        const row = [shape, prompt, tools, said, isPair ? rejected : null, label ?? null]
        expect(facts.content).toBe(sha256(canonicalJson(row)))
        const either = [shape, prompt, tools, sides.map((each) => canonicalJson(each)).sort()]
        expect(facts.unsigned).toBe(sha256(canonicalJson(either)))
      }
    }),
  )
})
