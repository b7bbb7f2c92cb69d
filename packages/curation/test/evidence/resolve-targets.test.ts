import { describe, expect, it } from 'vitest'
import { resolveTargets } from '../../src/index.js'
import { START, Story, uuid } from '../support.js'

const ask = (story: Story) => resolveTargets(story.evidence())

describe('resolveTargets', () => {
  it('resolves a ref to the last link at or before the time, else to the first after it', () => {
    const story = new Story()
    const [a, b] = [story.ask(), story.ask()] as const
    story.link(a, 'mail:1', START + 1000)
    story.link(b, 'mail:1', START + 5000)
    const at = (time: number) => ask(story)({ target_kind: 'ref', target: 'mail:1', choice: 0, time })?.interaction
    expect([at(START), at(START + 1000), at(START + 4999), at(START + 5000)]).toEqual([a, a, a, b])
  })

  it('resolves a response id by the time of the interaction', () => {
    const story = new Story()
    const head = { provider_response_id: 'r' }
    const a = story.ask({ time: START + 1000, head })
    const b = story.ask({ time: START + 9000, head })
    const at = (time: number) => ask(story)({ target_kind: 'response', target: 'r', choice: 0, time })?.interaction
    expect([at(START), at(START + 2000), at(START + 9000)]).toEqual([a, a, b])
  })

  it('resolves a turn to its last step with text, or to the step that was shown', () => {
    const story = new Story()
    const turn = uuid(START, 77)
    const first = story.ask({ time: START + 1000, turn })
    const last = story.ask({ time: START + 2000, turn })
    story.ask({ time: START + 3000, turn, head: { has_text: false } })
    const of = () => ask(story)({ target_kind: 'turn', target: turn, choice: 0, time: START })
    expect(of()).toEqual({ interaction: last, choice: 0 })
    story.say('shown', turn, { target_kind: 'turn', candidates: JSON.stringify([{ id: first, choice: 1 }]) })
    expect(of()).toEqual({ interaction: first, choice: 1 })
  })

  it('leaves unresolved what has not been seen', () => {
    const story = new Story()
    const of = (target_kind: 'interaction' | 'turn' | 'response' | 'ref') =>
      ask(story)({ target_kind, target: uuid(START), choice: 0, time: START })
    expect([of('interaction'), of('turn'), of('response'), of('ref')]).toEqual([null, null, null, null])
  })
})
