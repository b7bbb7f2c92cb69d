import { inIdOrder } from './group-by.js'
import type { SetGate } from './set-gate.js'

/** Gate 17: rows stand in the order of their ids, which are HMACs of the events behind them. */
export const order: SetGate = {
  id: 'order',
  run: (facts) => ({ kept: inIdOrder(facts), dropped: [] }),
}
