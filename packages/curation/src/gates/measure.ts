import { measure as measured } from '../facts.js'
import { eachGate, type Gate } from './gate.js'

/** The last look at a row's texts: what the gates over the whole set read of it, and what cannot be measured leaves. */
export const measure: Gate = eachGate('measure', (candidate, world, ports) => {
  candidate.facts = measured(candidate, world, ports)
  return null
})
