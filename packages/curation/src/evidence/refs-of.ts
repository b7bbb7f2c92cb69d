import { byCodeUnit } from '../text/canonical-json.js'
import type { LinkRow } from './evidence.js'
import type { ResolveTarget } from './resolve-targets.js'
import { parseTime, timeOfId } from './time.js'

/** The refs that links have ever given to each interaction, or to its turn or response, sorted. */
export function refsByInteraction(links: readonly LinkRow[], resolve: ResolveTarget): Map<string, string[]> {
  const refs = new Map<string, Set<string>>()
  for (const { id, target_kind, target, occurred_at, ref } of links) {
    const time = occurred_at === '' ? timeOfId(id) : parseTime(occurred_at)
    const answer = resolve({ target_kind, target, choice: 0, time })
    if (answer === null) continue
    const known = refs.get(answer.interaction)
    if (known === undefined) refs.set(answer.interaction, new Set([ref]))
    else known.add(ref)
  }
  return new Map([...refs].map(([interaction, each]) => [interaction, [...each].sort(byCodeUnit)]))
}
