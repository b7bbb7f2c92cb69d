import { partsOf } from '../candidate.js'
import { byCodeUnit } from '../text/canonical-json.js'
import type { Gate } from './gate.js'

/** Gate 17: a row's id is an HMAC of the events behind it, and rows stand in the order of their ids. */
export const order: Gate = {
  id: 'order',
  run(candidates, _, ports) {
    for (const candidate of candidates) {
      const { answers, feedback } = partsOf(candidate)
      const ids = [...answers.map((answer) => answer.interaction), ...feedback.map(({ row }) => row.id)]
      candidate.row_id = ports.rowId([candidate.strategy.id, ...new Set(ids.sort(byCodeUnit))])
    }
    const kept = [...candidates].sort((a, b) => byCodeUnit(a.row_id ?? '', b.row_id ?? ''))
    return { kept, dropped: [] }
  },
}
