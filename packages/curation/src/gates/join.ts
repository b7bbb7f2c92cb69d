import { eachGate, type Gate } from './gate.js'

/** Gate 2: the parts come together and have settled by the recipe's times. */
export const join: Gate = eachGate('join', ({ parts }) => (typeof parts === 'string' ? parts : null))
