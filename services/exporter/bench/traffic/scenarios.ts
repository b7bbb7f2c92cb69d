import type { Scene, Served } from './scene.js'
import { corrected } from './text.js'

/** Something that happens, with how often it does in a block and how many interactions it is made of. */
interface Scenario {
  count: number
  interactions: number
  play(scene: Scene): void
}

const fixed = ({ dice, prompt }: Scene, { text }: Served): { kind: string; kept: string } => ({
  kind: 'correction',
  kept: corrected(dice, prompt.bag, text),
})
const candidates = (list: readonly Served[]): string => JSON.stringify(list.map(({ id }) => ({ id, choice: 0 })))

/** Some 60 pieces of feedback about 60 of 200 interactions: the mix is made up, not measured. */
export const SCENARIOS: readonly Scenario[] = [
  { count: 14, interactions: 1, play: (on) => void say(on, on.answer(), 'committed') },
  {
    // Saved, and saved once more: one identity.
    count: 2,
    interactions: 1,
    play(on) {
      const answer = on.answer()
      say(on, answer, 'committed')
      say(on, answer, 'committed')
    },
  },
  { count: 2, interactions: 1, play: (on) => void say(on, on.answer(), 'draft') },
  {
    count: 1,
    interactions: 1,
    play(on) {
      const answer = on.answer()
      say(on, answer, 'draft')
      on.say(answer, { kind: 'copy', name: 'clipboard' })
    },
  },
  {
    // A turn of two steps: what a person sees is the second.
    count: 2,
    interactions: 2,
    play(on) {
      const call = on.answer({ call: true })
      const shown = on.answer({ turn: call.turn })
      on.say(shown, { ...fixed(on, shown), stage: 'committed', target_kind: 'turn', target: call.turn })
    },
  },
  {
    count: 2,
    interactions: 1,
    play(on) {
      const answer = on.answer()
      const ref = `ticket:${answer.id.slice(0, 13)}`
      on.link(answer, ref)
      on.say(answer, { ...fixed(on, answer), stage: 'committed', target_kind: 'ref', target: ref })
    },
  },
  {
    count: 1,
    interactions: 1,
    play(on) {
      const answer = on.answer({ call: true })
      const field = `/tool_call/call_${answer.id.slice(-8)}/arguments/region`
      on.say(answer, { kind: 'correction', stage: 'committed', field, kept: 'south' })
    },
  },
  { count: 5, interactions: 1, play: (on) => void on.say(on.answer(), { kind: 'thumb', label: 'up' }) },
  { count: 4, interactions: 1, play: (on) => void on.say(on.answer(), { kind: 'thumb', label: 'down' }) },
  {
    count: 1,
    interactions: 1,
    play(on) {
      const answer = on.answer()
      on.say(answer, { kind: 'thumb', label: 'up' })
      on.say(answer, { kind: 'thumb', label: 'none' })
    },
  },
  {
    // Four people, two samples.
    count: 1,
    interactions: 2,
    play(on) {
      const samples = [on.answer(), on.answer()]
      for (const [i, label] of ['up', 'up', 'down', 'down'].entries())
        on.say(samples[i >> 1]!, { kind: 'thumb', label, author_id: `${on.other()}${i}` })
    },
  },
  {
    count: 1,
    interactions: 2,
    play(on) {
      const [good, bad] = [on.answer(), on.answer()]
      on.say(bad, { kind: 'verdict', label: 'reject', reason_codes: ['tone'] })
      on.say(good, { kind: 'verdict', label: 'accept' })
      on.say(good, { kind: 'retain', name: '24h', value: 0.9 })
    },
  },
  { count: 3, interactions: 1, play: (on) => void on.say(on.answer(), { kind: 'verdict', label: 'accept' }) },
  { count: 3, interactions: 2, play: (on) => choose(on, 2) },
  { count: 1, interactions: 3, play: (on) => choose(on, 3) },
  {
    count: 1,
    interactions: 2,
    play(on) {
      const second = again(on)
      on.say(second, { kind: 'verdict', label: 'accept' })
    },
  },
  { count: 1, interactions: 2, play: (on) => say(on, again(on), 'committed') },
  { count: 1, interactions: 2, play: (on) => void again(on) },
  {
    count: 1,
    interactions: 1,
    play(on) {
      const answer = on.answer()
      const review = on.dice.is(0.6) ? { label: 'edit', kept: fixed(on, answer).kept } : { label: 'approve' }
      on.say(answer, { kind: 'review', ...review, author_id: `expert-${on.dice.below(9)}`, author_kind: 'expert' })
    },
  },
  {
    count: 1,
    interactions: 1,
    play(on) {
      const answer = on.answer()
      const retracts = on.say(answer, { ...fixed(on, answer), stage: 'committed' })
      on.say(answer, { kind: 'correction', stage: 'committed', retracts })
    },
  },
  // What nobody says anything about.
  { count: 140, interactions: 1, play: (on) => void on.answer() },
]

function say(on: Scene, answer: Served, stage: string): void {
  on.say(answer, { ...fixed(on, answer), stage })
}

function again(on: Scene): Served {
  const [first, second] = [on.answer(), on.answer()]
  on.say(first, { kind: 'regenerate', candidates: candidates([second]) })
  return second
}

function choose(on: Scene, count: number): void {
  const shown = Array.from({ length: count }, () => on.answer())
  const seen = shown.map((_, slot) => slot)
  const winner = on.dice.is(0.08) ? 'tie' : String(on.dice.below(count))
  on.say(shown[0]!, { kind: 'choice', candidates: candidates(shown), winner, randomised: true, seen })
}
