import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openJournal } from '../src/journal.js'

it('writes a line an answer, and no later answer takes an acknowledgement back', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-journal-'))
  const path = join(folder, 'journal.ndjson')
  const journal = openJournal(path)
  const event = { type: 'link', id: 'a', planted: null } as const
  journal.write(event, 1, 'unknown')
  journal.write(event, 1, 'accepted')
  journal.write(event, 1, 'rejected', { code: 'overloaded', isUncertain: true })
  expect(journal.entries()).toMatchObject([{ id: 'a', fate: 'accepted' }])
  journal.write(event, 1, 'erased')
  journal.write(event, 1, 'accepted')
  expect(journal.entries()).toMatchObject([{ id: 'a', fate: 'erased' }])
  journal.close()
  const fates = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { fate: string }).fate)
  expect(fates).toEqual(['unknown', 'accepted', 'rejected', 'erased', 'accepted'])
  rmSync(folder, { recursive: true })
})
