import { createLogger } from '@flywheel/runtime'
import { FlywheelError } from '@flywheel/schema'
import { expect, it } from 'vitest'
import { endIfStuck } from '../src/end-if-stuck.js'

const common = {
  logger: createLogger('test', { level: 'silent' }),
  error: new FlywheelError('internal', 'The exporter stopped'),
  patience_ms: 50,
}

it('a process whose engine answers nobody since a thread died is ended', async () => {
  let ended = 0
  const db = { query: () => new Promise<never>(() => {}) }
  expect(await endIfStuck({ ...common, db, end: () => void ended++ })).toBe(true)
  expect(ended).toBe(1)
})

it('a process whose engine answers, be it with an error, goes on', async () => {
  let ended = 0
  const answers = [() => Promise.resolve([]), () => Promise.reject(new Error('closed'))]
  for (const query of answers)
    expect(await endIfStuck({ ...common, db: { query }, end: () => void ended++ })).toBe(false)
  expect(ended).toBe(0)
})
