import { type Candidate, draftOf, partsOf } from '../candidate.js'
import { byCodeUnit, sha256 } from '../text/canonical-json.js'
import type { World } from '../world.js'
import type { Gate, GateResult } from './gate.js'

/** Disjoint sets with path halving; the representative is arbitrary, so nothing may depend on it. */
class Components {
  readonly #parent = new Map<string, string>()

  find(member: string): string {
    let at = member
    for (;;) {
      const parent = this.#parent.get(at) ?? at
      if (parent === at) return at
      const grandparent = this.#parent.get(parent) ?? parent
      this.#parent.set(at, grandparent)
      at = grandparent
    }
  }

  union(a: string, b: string): void {
    this.#parent.set(this.find(a), this.find(b))
  }
}

/** What must not stand on both sides of a split: users, authors among the end users, sessions and prompt clusters. */
export function membersOf(candidate: Candidate, world: World): string[] {
  const members = new Set<string>()
  const { answers, feedback } = partsOf(candidate)
  for (const { interaction } of answers) {
    const head = world.head(interaction)
    if (head?.user_id) members.add(`user:${head.user_id}`)
    if (head?.session_id) members.add(`session:${head.session_id}`)
    members.add(`cluster:${world.promptCluster(interaction)}`)
  }
  for (const { row } of feedback) {
    // Experts and rules work on everybody's answers; they would join everything.
    const isPerson = row.author_kind === '' || row.author_kind === 'end_user'
    if (isPerson && row.author_id !== '') members.add(`user:${row.author_id}`)
  }
  return [...members].sort(byCodeUnit)
}

/** How many members stand on more than one side. Read from the result, not from how it was made; must be 0. */
export function leakingMembers(candidates: readonly Candidate[], world: World): number {
  const sides = new Map<string, string>()
  const leaking = new Set<string>()
  for (const candidate of candidates) {
    for (const member of membersOf(candidate, world)) {
      const side = sides.get(member) ?? candidate.split ?? ''
      if (side !== candidate.split) leaking.add(member)
      sides.set(member, side)
    }
  }
  return leaking.size
}

function seededShare(seed: string, key: string): number {
  return Number.parseInt(sha256(`${seed}\n${key}`).slice(0, 12), 16) / 0x1000000000000
}

/**
 * Gate 16: train or validation by connected component over users, sessions and prompt clusters. A component keeps the
 * split that an earlier export gave to its members; where two merge, what would cross leaves. A new one is drawn by the
 * hash of its oldest interaction, which later rows do not change.
 */
export const split: Gate = {
  id: 'split',
  run(candidates, world, ports) {
    const result: GateResult = { kept: [], dropped: [] }
    const components = new Components()
    const members = new Map(candidates.map((candidate) => [candidate, membersOf(candidate, world)]))
    for (const list of members.values()) for (const member of list) components.union(member, list[0]!)
    const oldest = new Map<string, string>()
    const given = new Map<string, Set<string>>()
    for (const [candidate, list] of members) {
      const root = components.find(list[0]!)
      const before = oldest.get(root)
      const { interaction } = draftOf(candidate)
      if (before === undefined || interaction < before) oldest.set(root, interaction)
      const known = given.get(root) ?? new Set()
      given.set(root, known)
      for (const member of list) {
        const assigned = ports.assigned?.(ports.rowId([member]))
        if (assigned !== undefined) known.add(assigned)
      }
    }
    const { validation, seed } = world.recipe.split
    for (const [candidate, list] of members) {
      const root = components.find(list[0]!)
      const known = given.get(root) ?? new Set()
      const drawn = seededShare(seed, oldest.get(root) ?? '') < validation ? 'validation' : 'train'
      const name = known.size === 0 ? drawn : known.has('validation') ? 'validation' : 'train'
      const isCrossing = list.some((member) => (ports.assigned?.(ports.rowId([member])) ?? name) !== name)
      if (isCrossing) {
        result.dropped.push({ candidate, reason: 'split_conflict' })
        continue
      }
      candidate.split = name
      candidate.cluster = ports.rowId([`cluster:${world.promptCluster(draftOf(candidate).interaction)}`])
      candidate.component = ports.rowId([`component:${oldest.get(root) ?? ''}`])
      result.kept.push(candidate)
    }
    return result
  },
}
