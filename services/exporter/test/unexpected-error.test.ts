import { expect, it } from 'vitest'
import { describeUnexpected } from '../src/unexpected-error.js'

function thrown(fail: () => unknown): unknown {
  try {
    return fail()
  } catch (error) {
    return error
  }
}

it('names kind and place of an error, and quotes nothing of what a person wrote', () => {
  const error = thrown(() => JSON.parse('canary of a person'))
  expect(String(error)).toContain('canary')
  expect(describeUnexpected(error)).toMatch(/^SyntaxError at /)
  expect(describeUnexpected(error)).not.toContain('canary')
  const lines = new Error('first canary\n    at canary (of a person)')
  expect(describeUnexpected(lines)).toMatch(/^Error at .*unexpected-error\.test/)
  expect(describeUnexpected(lines)).not.toContain('canary')
  expect(describeUnexpected('canary')).toBe('a thrown string')
})
