import { partsOf } from '../candidate.js'
import type { Exchange } from '../prompt/message.js'
import { isTooDeep } from '../text/depth.js'
import { isUnstorable } from '../text/normalise.js'
import { rememberEach } from '../text/remember.js'
import { eachGate, type Gate } from './gate.js'

function holdsUnstorable(value: unknown): boolean {
  if (typeof value === 'string') return isUnstorable(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, each]) => isUnstorable(key) || holdsUnstorable(each))
}

type Problem = 'nested_too_deep' | 'invalid_text'

/** What is wrong with values of two levels: those of an exchange in its list, or those of feedback. */
function problemOf(values: readonly unknown[]): Problem | null {
  if (isTooDeep([values])) return 'nested_too_deep'
  return holdsUnstorable(values) ? 'invalid_text' : null
}

const problemOfExchange = rememberEach((exchange: Exchange) => problemOf([exchange]))

/**
 * Gate 4: texts that have no UTF-8 form and values that no reader can walk are refused. The normal form itself (NFC, LF, no trailing spaces outside code
 * fences) is applied where a row is rendered, so that no text enters a row without it.
 */
export const normalise: Gate = eachGate('normalise', (candidate, world) => {
  const { answers, feedback } = partsOf(candidate)
  const bodies = answers.map((answer) => world.exchange(answer.interaction))
  const texts = feedback.map(({ row }) => [row.kept, row.kept_json === '' ? null : JSON.parse(row.kept_json)])
  const problems = new Set(bodies.map((body) => (body === undefined ? null : problemOfExchange(body))))
  problems.add(problemOf(texts))
  if (problems.has('nested_too_deep')) return 'nested_too_deep'
  return problems.has('invalid_text') ? 'invalid_text' : null
})
