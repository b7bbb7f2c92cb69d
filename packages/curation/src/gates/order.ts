import { byCodeUnit } from '../text/canonical-json.js'
import type { SetGate } from './set-gate.js'

/** Gate 17: rows stand in the order of their ids, which are HMACs of the events behind them. */
export const order: SetGate = {
  id: 'order',
  run: (facts) => ({ kept: [...facts].sort((a, b) => byCodeUnit(a.row_id, b.row_id)), dropped: [] }),
}
