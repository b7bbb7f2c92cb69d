import type { Facts } from '../facts.js'
import { nearGroups } from '../near/near-groups.js'
import { compareStrength, groupBy } from './group-by.js'
import { tellDocumentsApart } from './prompt-clusters.js'
import type { SetGate, SetGateResult } from './set-gate.js'

/**
 * Gate 12: rows of nearly the same prompt, which is what stands beside the system prompt, and in it where a row has a
 * document of its own there. A group keeps the rows of the
 * strongest few decisions of each shape, and one member for all of it,
 * so that the split puts what is left on one side. The member is the first of its prompt clusters: it is among the
 * assignments of the export, and a later one finds it there.
 */
export const nearDuplicates: SetGate = {
  id: 'near_duplicates',
  run(candidates, { near_duplicates: { threshold, keep } }, ports) {
    const dropped: SetGateResult['dropped'] = []
    const isGone = new Set<Facts>()
    const { length } = candidates
    const alike = nearGroups(
      {
        length,
        at: (place) => candidates[place]?.sets.prompt_shingles,
        sketchAt: (place) => candidates[place]!.sets.prompt_sketch,
      },
      threshold,
    )
    for (const places of tellDocumentsApart(candidates, alike, threshold, ports)) {
      const group = places.map((place) => candidates[place]!)
      const first = group.map(({ prompt_cluster }) => prompt_cluster).sort()[0]!
      const isMany = group.some(({ prompt_cluster }) => prompt_cluster !== first)
      const name = ports.rowId([`near:${first}`])
      for (const facts of group) {
        facts.near_duplicates = name
        if (isMany) facts.members = [...new Set([...facts.members, `cluster:${first}`])].sort()
      }
      for (const rows of groupBy(group, ({ shape }) => shape).values()) {
        // The losers of one choice are one decision: they stay or go together.
        const decisions = new Set<string>()
        for (const facts of rows.sort(compareStrength)) {
          if (decisions.size < keep) decisions.add(facts.feedback)
          if (decisions.has(facts.feedback)) continue
          isGone.add(facts)
          dropped.push({ facts, reason: 'near_duplicate' })
        }
      }
    }
    return { kept: candidates.filter((facts) => !isGone.has(facts)), dropped }
  },
}
