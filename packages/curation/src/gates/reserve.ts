import { compareStrength, groupBy } from './group-by.js'
import { groupOf } from './grouping.js'
import type { SetGate } from './set-gate.js'

/**
 * Floors rare groups before the caps: the strongest rows of each group and shape are reserved, so that neither caps nor
 * length bias nor a budget take the last of them. Takes nothing itself.
 */
export const reserve: SetGate = {
  id: 'reserve',
  run(candidates, { selection: { reserve: floor } }) {
    const key = groupBy(candidates, (facts) => `${facts.shape}\n${groupOf(facts, floor.by)}`)
    for (const rows of key.values()) {
      for (const facts of rows.sort(compareStrength).slice(0, floor.rows)) facts.is_reserved = true
    }
    return { kept: [...candidates], dropped: [] }
  },
}
