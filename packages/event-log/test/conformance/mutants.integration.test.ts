import assert from 'node:assert/strict'
import { CHECKS, CRASH_CHECKS, type LogFactory } from '@flywheel/event-log/conformance'
import { describe, expect, it, vi } from 'vitest'
import { localFactory } from './local-factory.js'
import { MUTANTS, wrapped } from './mutants.js'

const ALL = [...CHECKS, ...CRASH_CHECKS]

// What a mutant will never do need not be waited for as long as what a rebalance of a real cluster may take.
vi.mock('../../src/conformance/patience.js', () => ({ PATIENCE_MS: 3_000 }))

function mutantFactory(name: string): LogFactory {
  const real = localFactory(name)
  return {
    async create(options) {
      const subject = await real.create(options)
      return { ...subject, open: async () => MUTANTS[name]?.mutate(await subject.open()) ?? assert.fail(name) }
    },
  }
}

describe('every broken log is caught by the suite', () => {
  for (const [name, { caughtBy }] of Object.entries(MUTANTS)) {
    for (const caught of caughtBy) {
      it.concurrent(`${name}: ${caught}`, async ({ expect }) => {
        const check = ALL.find((candidate) => candidate.name === caught)
        assert.ok(check !== undefined, `no check is called ${caught}`)
        const failure = await check.run(mutantFactory(name), { kills: 1 }).then(
          () => null,
          (error: unknown) => error,
        )
        // A TypeError of the mutant itself would prove nothing.
        expect(failure).toBeInstanceOf(assert.AssertionError)
      })
    }
  }
})

describe('the wrapping alone changes nothing', () => {
  for (const check of CHECKS) {
    it(check.name, () => {
      const real = localFactory()
      const control: LogFactory = {
        async create(options) {
          const subject = await real.create(options)
          return { ...subject, open: async () => wrapped(await subject.open()) }
        },
      }
      return check.run(control, {})
    })
  }
})

it('every check is there to catch some mutant', () => {
  const caught = new Set(Object.values(MUTANTS).flatMap((mutant) => mutant.caughtBy))
  const uncaught = ALL.map(({ name }) => name).filter((name) => !caught.has(name))
  expect(uncaught).toEqual([])
})
