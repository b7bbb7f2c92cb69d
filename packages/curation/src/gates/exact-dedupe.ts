import { type Candidate, draftOf } from '../candidate.js'
import { canonicalJson, sha256 } from '../text/canonical-json.js'
import type { Gate, GateResult } from './gate.js'

function groupBy(candidates: readonly Candidate[], key: (candidate: Candidate) => string): Candidate[][] {
  const groups = new Map<string, Candidate[]>()
  for (const candidate of candidates) {
    const name = key(candidate)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [candidate])
    else group.push(candidate)
  }
  return [...groups.values()]
}

function question(candidate: Candidate): unknown[] {
  const { shape, prompt, tools } = draftOf(candidate)
  return [shape, prompt, tools]
}

function content(candidate: Candidate): string {
  const { shape, chosen, rejected, label } = draftOf(candidate)
  const side = shape === 'preference' ? rejected : null
  return sha256(canonicalJson([...question(candidate), chosen, side ?? null, label ?? null]))
}

/** The same for a pair and its reverse, and for a completion under either label. */
function unsigned(candidate: Candidate): string {
  const { shape, chosen, rejected } = draftOf(candidate)
  const sides = [chosen, ...(shape === 'preference' && rejected !== undefined ? [rejected] : [])]
  return sha256(canonicalJson([...question(candidate), sides.map((side) => canonicalJson(side)).sort()]))
}

function isStronger(a: Candidate, b: Candidate): number {
  const time = b.state.time - a.state.time
  return (
    a.strategy.precedence - b.strategy.precedence ||
    draftOf(b).prior - draftOf(a).prior ||
    time ||
    (a.state.row.id < b.state.row.id ? -1 : 1)
  )
}

/**
 * Gate 11: contradictions leave together, repetitions leave one, and each rejected output makes at most one pair: the
 * one of the strongest strategy, then of the highest prior, then the latest.
 */
export const exactDedupe: Gate = {
  id: 'exact_dedupe',
  run(candidates) {
    const dropped: GateResult['dropped'] = []
    const isGone = new Set<Candidate>()
    const drop = (candidate: Candidate, reason: string): void => {
      isGone.add(candidate)
      dropped.push({ candidate, reason })
    }
    const left = (): Candidate[] => candidates.filter((candidate) => !isGone.has(candidate))
    for (const group of groupBy(left(), unsigned)) {
      if (new Set(group.map(content)).size < 2) continue
      for (const candidate of group) {
        drop(candidate, draftOf(candidate).shape === 'preference' ? 'reversed_pair' : 'contradictory_label')
      }
    }
    for (const group of groupBy(left(), content)) {
      for (const candidate of group.sort(isStronger).slice(1)) drop(candidate, 'duplicate')
    }
    const pairs = left().filter((candidate) => draftOf(candidate).rejected_answer !== null)
    for (const group of groupBy(pairs, (candidate) => draftOf(candidate).rejected_answer ?? '')) {
      for (const candidate of group.sort(isStronger).slice(1)) drop(candidate, 'one_pair_per_rejected_output')
    }
    return { kept: left(), dropped }
  },
}
