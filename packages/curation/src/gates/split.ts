import type { Facts } from '../facts.js'
import type { Recipe } from '../recipe.js'
import { sha256 } from '../text/canonical-json.js'
import type { SetGate, SetGateResult } from './set-gate.js'

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

/** How many members stand on more than one side. Read from the result, not from how it was made; must be 0. */
export function leakingMembers(rows: readonly Facts[]): number {
  const sides = new Map<string, string>()
  const leaking = new Set<string>()
  for (const { members, split } of rows) {
    for (const member of members) {
      const side = sides.get(member) ?? split
      if (side !== split) leaking.add(member)
      sides.set(member, side)
    }
  }
  return leaking.size
}

function seededShare(seed: string, key: string): number {
  return Number.parseInt(sha256(`${seed}\n${key}`).slice(0, 12), 16) / 0x1000000000000
}

/** Every split, the one that is kept where components of several merge first. */
const PRECEDENCE = ['evaluation', 'validation', 'train'] as const

// Not the recipe's seed: the hold-out of a project is the same for every recipe.
const EVALUATION_SEED = 'flywheel evaluation'

function drawn(oldest: string, { evaluation, split: { validation, seed } }: Recipe): string {
  if (seededShare(EVALUATION_SEED, oldest) < evaluation.share) return 'evaluation'
  return seededShare(seed, oldest) < validation ? 'validation' : 'train'
}

/**
 * Gate 16: evaluation, validation or train by connected component over users, sessions, prompt clusters and
 * near-duplicates of prompts. A component keeps the split that an earlier export gave to its members; where two merge,
 * what would cross leaves, and what was held out stays so. A new one is drawn by the hash of its oldest interaction,
 * which later rows do not change.
 */
export const split: SetGate = {
  id: 'split',
  run(candidates, recipe, ports) {
    const result: SetGateResult = { kept: [], dropped: [] }
    const components = new Components()
    for (const { members: list } of candidates) for (const member of list) components.union(member, list[0]!)
    const oldest = new Map<string, string>()
    const given = new Map<string, Set<string>>()
    const assigned = (member: string): string | undefined => ports.assigned?.(ports.rowId([member]))
    for (const { members, interaction } of candidates) {
      const root = components.find(members[0]!)
      const before = oldest.get(root)
      if (before === undefined || interaction < before) oldest.set(root, interaction)
      const known = given.get(root) ?? new Set()
      given.set(root, known)
      for (const member of members) {
        const name = assigned(member)
        if (name !== undefined) known.add(name)
      }
    }
    for (const facts of candidates) {
      const root = components.find(facts.members[0]!)
      const known = given.get(root) ?? new Set()
      const name = PRECEDENCE.find((each) => known.has(each)) ?? drawn(oldest.get(root) ?? '', recipe)
      if (facts.members.some((member) => (assigned(member) ?? name) !== name)) {
        result.dropped.push({ facts, reason: 'split_conflict' })
        continue
      }
      facts.split = name
      facts.cluster = ports.rowId([`cluster:${facts.prompt_cluster}`])
      facts.component = ports.rowId([`component:${oldest.get(root) ?? ''}`])
      result.kept.push(facts)
    }
    return result
  },
}
