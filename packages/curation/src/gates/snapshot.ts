import { eachGate, type Gate } from './gate.js'

/** Gate 0: only the latest value of each feedback identity counts. */
export const snapshot: Gate = eachGate('snapshot', ({ state }) => (state.fate === 'live' ? null : state.fate))
