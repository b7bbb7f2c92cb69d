import type { Facts } from '../facts.js'
import type { Grouping } from '../recipe/selection.js'

/** The name of the group that a row is in. */
export function groupOf(facts: Facts, by: Grouping): string {
  if (by === 'user') return facts.members.filter((member) => member.startsWith('user:')).join('\n')
  return by === 'prompt' ? facts.prompt_cluster : facts[by]
}
