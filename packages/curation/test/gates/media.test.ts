import type { JsonValue, Message, Part } from '@flywheel/schema'
import { describe, expect, it } from 'vitest'
import { curate, datasetCard, exportId, inputsOf, recipeSchema, snapshotOf } from '../../src/index.js'
import { manifestOf, renderShards } from '../rendered.js'
import { drops, pairsOf, ports, Story, text } from '../support.js'

const blob = { type: 'blob' as const, sha256: 'a'.repeat(64), bytes: 3, media_type: 'image/png' }
const media: Record<string, Part> = {
  'a blob': blob,
  'a blob with a transcript': { ...blob, media_type: 'audio/wav', transcript: 'Where is my parcel?' },
  'a uri': { type: 'uri', uri: 'https://example.com/cat.png' },
  'a file': { type: 'file', file_id: 'file-1' },
}
const says: Part = { type: 'text', content: 'Please look at this.' }
const result = (response: JsonValue): Part => ({ type: 'tool_call_response', id: 'c1', response })
/** Results of tools as the SDK keeps them: bytes became a blob in the provider's own shape. */
const results: Record<string, JsonValue> = {
  'a screenshot of Anthropic': [{ type: 'image', source: { ...blob } }],
  'a picture by its address': [
    { type: 'text', text: 'here' },
    { type: 'image', source: { type: 'url', url: 'https://example.com/a' } },
  ],
  'a document by its id': [{ type: 'document', source: { type: 'file', file_id: 'file-1' } }],
  "a picture of OpenAI's": [{ type: 'input_image', image_url: { ...blob } }],
  "a picture of OpenAI's by its address": [{ type: 'input_image', image_url: 'https://example.com/a' }],
  'a blob far down': { pages: [{ shots: [{ inner: { ...blob } }] }] },
}

function corrected(asked: Parameters<Story['ask']>[0]): Story {
  const story = new Story()
  story.say('correction', story.ask(asked), { kept: 'It is a cat, and it sleeps on a sofa.' })
  return story
}
const gone = { 'completeness.blob_not_stored': 2 }
const call: Message = { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'look', arguments: {} }] }

describe('bytes are stored nowhere, so no row is made', () => {
  it.each(Object.entries(media))('of %s in the prompt', (_, part) => {
    const messages: Message[] = [{ role: 'user', parts: [says, part] }]
    expect(drops(corrected({ messages }).curate())).toEqual(gone)
  })

  it.each(Object.entries(media))('of %s earlier in the conversation', (_, part) => {
    const messages: Message[] = [
      { role: 'user', parts: [part] },
      text('assistant', 'A cat.'),
      text('user', 'Which one?'),
    ]
    expect(drops(corrected({ messages }).curate())).toEqual(gone)
  })

  it.each(Object.entries(media))('of %s in the answer', (_, part) => {
    const outputs: Message[] = [{ role: 'assistant', parts: [says, part] }]
    expect(drops(corrected({ outputs }).curate())).toEqual(gone)
  })

  it.each(Object.entries(media))('of %s in the system prompt', (_, part) => {
    const story = corrected({ system: 'You help.' })
    story.bodies[0]!.system = JSON.stringify([{ type: 'text', content: 'You help.' }, part])
    expect(drops(story.curate())).toEqual(gone)
  })

  it.each(Object.entries(results))('of %s in the result of a tool', (_, response) => {
    const messages: Message[] = [text('user', 'What is there?'), call, { role: 'tool', parts: [result(response)] }]
    expect(drops(corrected({ messages }).curate())).toEqual(gone)
  })

  it('of one of two answers, though the other has none', () => {
    const picked = (parts: Part[]) => {
      const story = new Story()
      const shown = story.ask({ prompt: 'Draw it.', outputs: [{ role: 'assistant', parts }] })
      const other = story.ask({ prompt: 'Draw it.', output: 'I cannot draw.' })
      const candidates = JSON.stringify([shown, other].map((id) => ({ id, choice: 0 })))
      story.say('choice', shown, { candidates, winner: '1', randomised: true, seen: [0, 1] })
      return story.curate()
    }
    expect(pairsOf(picked([says]))).toHaveLength(1)
    expect(pairsOf(picked([says, blob]))).toEqual([])
    expect(drops(picked([says, blob]))['completeness.blob_not_stored']).toBeGreaterThan(0)
  })

  it('and a tool that answers with words about files loses nothing', () => {
    const words = {
      type: 'file',
      name: 'report.pdf',
      pages: [
        { type: 'image', alt: 'a cat' },
        { type: 'document', source: { type: 'text', data: 'a cat' } },
      ],
    }
    const messages: Message[] = [text('user', 'What is there?'), call, { role: 'tool', parts: [result(words)] }]
    const set = corrected({ messages }).curate()
    expect(drops(set)).not.toHaveProperty('completeness.blob_not_stored')
    expect(set.rows.length).toBeGreaterThan(0)
  })
})

it('the card says how many candidates left for it, in its warnings and in the funnel', async () => {
  const story = corrected({ messages: [{ role: 'user', parts: [says, blob] }] })
  for (let n = 0; n < 3; n++) story.say('correction', story.ask({}), { kept: `It comes on day ${n} of the month.` })
  const recipe = recipeSchema.parse({})
  const evidence = story.evidence()
  const identity = { ...evidence, inputs: inputsOf(snapshotOf(evidence)), recipe, parent: null }
  const set = curate(evidence, recipe, ports)
  const { files, layouts } = await renderShards(set, recipe)
  const card = datasetCard(manifestOf(exportId(identity), identity, set, files, layouts), layouts)
  expect(card).toContain('2 candidates left because a picture, a file or a sound stands in their prompt')
  expect(card).toMatch(/completeness.*blob_not_stored 2/)
})
