import type { Person } from './people.js'
import { HEDGE, PADDING, SIGNATURE, TOPICS } from './support-desk.js'

/** What a person makes of a draft: each flaw is mended or overlooked, by how thorough they are; habits come on top. */
export function edit(draft: string, person: Person): string {
  const { draws, thoroughness } = person
  let text = draft
  for (const topic of TOPICS) {
    if (text.includes(topic.wrong) && draws.chance(thoroughness)) text = text.replace(topic.wrong, topic.fact)
    if (text.includes(topic.fact) && !text.includes(topic.nextStep) && draws.chance(0.3 * thoroughness))
      text = text.replace(topic.fact, `${topic.fact} ${topic.nextStep}`)
  }
  if (draws.chance(thoroughness)) text = text.replace(HEDGE, '')
  if (draws.chance(thoroughness * 0.8)) text = text.replace(PADDING, SIGNATURE)
  if (!text.startsWith('Hello') && draws.chance(thoroughness * 0.7)) text = `Hello,\n\n${text.trimStart()}`
  // white space alone, as editors leave it
  if (draws.chance(0.2)) text = text.replaceAll(/\n{3,}| {2,}/g, (gap) => (gap[0] === '\n' ? '\n\n' : ' ')).trim()
  return text
}

/** The states a text goes through while it is edited, the last one excluded: what a browser sends at blur. */
export function draftsBetween(served: string, kept: string, person: Person): string[] {
  const steps = Math.min(3, person.draws.poisson(0.8))
  return Array.from({ length: steps }, (_, index) => {
    const share = (index + 1) / (steps + 1)
    return kept.slice(0, Math.round(kept.length * share)) + served.slice(Math.round(served.length * share))
  })
}
