import type { Facts } from './row-facts.js'

/**
 * Whom a row counts for: its users, or the sessions of people whom the host does not name. Without either it counts for
 * nobody.
 */
export function peopleOf({ members }: Pick<Facts, 'members'>): string[] {
  const users = members.filter((member) => member.startsWith('user:'))
  return users.length > 0 ? users : members.filter((member) => member.startsWith('session:'))
}
