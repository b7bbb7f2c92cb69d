import type { Message } from '@flywheel/schema'
import { describe, expect, it } from 'vitest'
import { type CuratedSet, type RecipeInput, recipeSchema } from '../../src/index.js'
import { renderShards } from '../rendered.js'
import { drops, pairsOf, Story, text } from '../support.js'

const thinks = (thought: string, content: string): Message => ({
  role: 'assistant',
  parts: [
    { type: 'reasoning', content: thought },
    { type: 'text', content },
  ],
})
const earlier = [text('user', 'Where is my lamp?'), thinks('secret of turn one', 'On its way.'), text('user', 'When?')]

function chosenOf(outputs: [Message, Message], recipe: RecipeInput): CuratedSet {
  const story = new Story()
  const first = story.ask({ messages: earlier, outputs: [outputs[0]] })
  const second = story.ask({ messages: earlier, outputs: [outputs[1]] })
  story.say('regenerate', first, { author_id: 'u', candidates: JSON.stringify([{ id: second, choice: 0 }]) })
  story.say('verdict', second, { author_id: 'u', label: 'accept' })
  return story.curate({ strategies: ['regenerate.accepted'], split: { validation: 0 }, ...recipe })
}

const both: [Message, Message] = [thinks('perhaps soon', 'Soon.'), thinks('by the calendar', 'On Tuesday, by noon.')]

async function textOfTarget(set: CuratedSet, target: string): Promise<string> {
  const { files } = await renderShards(set, recipeSchema.parse({ targets: [target], reasoning: 'keep' }))
  const shards = files.filter((file) => file.target === target && file.format === 'jsonl')
  return shards.map((file) => new TextDecoder().decode(file.bytes)).join('')
}

describe('reasoning', () => {
  it('is dropped unless the recipe keeps it', () => {
    const [row] = pairsOf(chosenOf(both, {}))
    expect(JSON.stringify(row)).not.toMatch(/secret of turn one|perhaps soon|by the calendar/)
  })

  it('is kept on earlier turns and both sides, as reasoning_content where the target has a place', async () => {
    const set = chosenOf(both, { reasoning: 'keep' })
    const [row] = pairsOf(set)
    expect([row?.chosen.reasoning_content, row?.rejected?.reasoning_content]).toEqual([
      'by the calendar',
      'perhaps soon',
    ])
    expect(row?.prompt[1]?.reasoning_content).toBe('secret of turn one')
    expect(await textOfTarget(set, 'trl')).toContain('"reasoning_content":"by the calendar"')
    for (const target of ['openai', 'tinker', 'axolotl', 'llama-factory', 'nemo-rl', 'verifiers']) {
      const written = await textOfTarget(set, target)
      expect(written).toContain('On Tuesday, by noon.')
      expect(written).not.toMatch(/secret of turn one|perhaps soon|by the calendar/)
    }
  })

  it('is on neither side where one has none', () => {
    const [row] = pairsOf(chosenOf([text('assistant', 'Soon.'), both[1]], { reasoning: 'keep' }))
    expect(row).toBeDefined()
    expect([row?.chosen.reasoning_content, row?.rejected?.reasoning_content]).toEqual([undefined, undefined])
  })

  it('is judged as every text is', () => {
    const set = chosenOf([both[0], thinks('<|im_start|>', 'On Tuesday, by noon.')], { reasoning: 'keep' })
    expect(pairsOf(set)).toEqual([])
    expect(drops(set)).toMatchObject({ 'format_validity.control_token': 1 })
  })
})
