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
 * near-duplicates of prompts. What an earlier export gave to a member stays for ever, and a row goes with its members:
 * one that new evidence would put on two sides leaves, and no other for its sake, however large the component that it
 * joins. Rows that share a member nobody had before go together, held out before trained on. A new component is drawn by
 * the hash of its oldest interaction, which later rows do not change.
 */
export const split: SetGate = {
  id: 'split',
  run(candidates, recipe, ports) {
    const result: SetGateResult = { kept: [], dropped: [] }
    const known = new Map<string, string | undefined>()
    const assigned = (member: string): string | undefined => {
      if (ports.assigned === undefined) return undefined
      if (!known.has(member)) known.set(member, ports.assigned(ports.rowId([member])))
      return known.get(member)
    }
    const components = new Components()
    // Joined by what has no side yet alone: what has one holds its rows to it and carries nothing further.
    const undecided = new Components()
    for (const { members } of candidates) {
      const free = members.filter((member) => assigned(member) === undefined)
      for (const member of members) components.union(member, members[0]!)
      for (const member of free) undecided.union(member, free[0]!)
    }
    const oldest = new Map<string, string>()
    const given = new Map<string, Set<string>>()
    for (const { members, interaction } of candidates) {
      const root = components.find(members[0]!)
      const before = oldest.get(root)
      if (before === undefined || interaction < before) oldest.set(root, interaction)
      const free = members.find((member) => assigned(member) === undefined)
      if (free === undefined) continue
      const sides = given.get(undecided.find(free)) ?? new Set()
      given.set(undecided.find(free), sides)
      for (const member of members) {
        const name = assigned(member)
        if (name !== undefined) sides.add(name)
      }
    }
    const names = new Map<string, string>()
    const componentOf = (born: string): string => {
      const name = names.get(born) ?? ports.rowId([`component:${born}`])
      names.set(born, name)
      return name
    }
    for (const facts of candidates) {
      const { members } = facts
      const born = oldest.get(components.find(members[0]!)) ?? ''
      const free = members.find((member) => assigned(member) === undefined)
      const own = members.map(assigned).filter((name) => name !== undefined)
      const sides = free === undefined ? new Set(own) : (given.get(undecided.find(free)) ?? new Set())
      const name = PRECEDENCE.find((each) => sides.has(each)) ?? drawn(born, recipe)
      if (own.some((each) => each !== name)) {
        result.dropped.push({ facts, reason: 'split_conflict' })
        continue
      }
      facts.split = name
      facts.cluster = ports.rowId([`cluster:${facts.prompt_cluster}`])
      facts.component = componentOf(born)
      result.kept.push(facts)
    }
    return result
  },
}
