import { eventsOf } from '../candidate.js'
import { byCodeUnit } from '../text/canonical-json.js'
import type { Gate } from './gate.js'

/** Gate 17: a row's id is an HMAC of the events behind it, and rows stand in the order of their ids. */
export const order: Gate = {
  id: 'order',
  run(candidates, _, ports) {
    for (const candidate of candidates) {
      candidate.row_id = ports.rowId([candidate.strategy.id, ...eventsOf(candidate)])
    }
    const kept = [...candidates].sort((a, b) => byCodeUnit(a.row_id ?? '', b.row_id ?? ''))
    return { kept, dropped: [] }
  },
}
