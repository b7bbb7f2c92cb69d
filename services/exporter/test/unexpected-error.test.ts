import { expect, it } from 'vitest'
import { describeUnexpected, mendOf } from '../src/unexpected-error.js'

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

it('says of a failure of the machine what it is and what mends it', () => {
  const full = Object.assign(new Error('canary'), { code: 'ENOSPC' })
  expect(describeUnexpected(full)).toMatch(/^Error ENOSPC at /)
  expect(mendOf(full, 'report it')).toMatch(/disk of the exports folder is full.*run the export again/)
  const memory = Object.assign(new Error('canary'), { code: 'ERR_WORKER_OUT_OF_MEMORY' })
  expect(mendOf(memory, 'report it')).toContain('--max-old-space-size')
  expect(mendOf(new Error('canary'), 'report it')).toBe('report it')
  // A code is a word of the system; what else is called so may be anybody's text.
  expect(describeUnexpected(Object.assign(new Error('x'), { code: 'canary of a person' }))).not.toContain('canary')
})
