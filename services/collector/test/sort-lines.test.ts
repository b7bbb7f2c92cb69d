import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../src/index.js'
import { sortLines } from '../src/sort-lines.js'
import { createLogLines } from '../src/subject-hmacs.js'
import { directoryOf, interaction, makeKey, master, ndjson } from './harness.js'

test('a big body is decoded in slices, so that other requests get their turn', async () => {
  const secret = makeKey('sk')
  const events = Array.from({ length: 1000 }, () => interaction({ error_message: 'x'.repeat(8000) }))
  const bytes = Buffer.from(ndjson(...events))
  let turns = 0
  let isOver = false
  const count = () => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  const sorted = await sortLines(bytes, {
    access: { project_id: 'default', key_id: secret.row.id, trust: 'server', types: new Set(['interaction']) },
    keys: directoryOf([secret]),
    limits: DEFAULT_LIMITS,
    now: Date.now(),
    toLogLine: createLogLines(master),
    shedReason: () => null,
    onAdmitted: () => {},
  })
  isOver = true
  expect(sorted.lines).toHaveLength(1000)
  expect(bytes.length).toBeGreaterThan(8_000_000)
  expect(turns).toBeGreaterThan(25)
})
