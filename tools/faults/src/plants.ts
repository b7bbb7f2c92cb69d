import type { EventType } from '@flywheel/schema'
import type { System } from './faults.js'
import type { JournalEntry } from './journal.js'
import { judge, type ProblemKind } from './judge.js'
import { observe } from './observe.js'

/** A failure made on purpose, and what the judge must call it. */
export interface Plant {
  planted: string
  kind: ProblemKind
  caught: boolean
}

/**
 * Damages the store and the journal in every way that the judge knows, and judges once more: one that finds nothing in a
 * run of a hundred rounds may be one that finds nothing ever.
 */
export async function plantFailures(system: System, journal: readonly JournalEntry[]): Promise<Plant[]> {
  const good = (type: EventType) =>
    journal.filter((entry) => entry.type === type && entry.fate === 'accepted' && entry.planted === null)
  const [deleted, deadToo, forgotten] = good('interaction')
  const [twice] = good('feedback')
  const poison = journal.find(({ fate, planted }) => fate === 'accepted' && planted === 'poison')
  if (!deleted || !deadToo || !forgotten || !twice || !poison)
    throw new Error('There is too little to plant failures in')
  await system.tamper([
    `ALTER TABLE interactions DELETE WHERE id = '${deleted.id}' SETTINGS mutations_sync = 2`,
    `INSERT INTO feedback SELECT * REPLACE ('planted' AS target) FROM feedback FINAL WHERE id = '${twice.id}'`,
    `INSERT INTO dead_letters SELECT * REPLACE ('${deadToo.id}' AS event_id, 4000000000 AS position)
     FROM (SELECT * FROM dead_letters FINAL WHERE event_id = '${poison.id}' LIMIT 1)`,
  ])
  const unsent: JournalEntry = { ...forgotten, id: `${forgotten.id.slice(0, -4)}dead`, isUncertain: false }
  const testimony = [...journal.filter(({ id }) => id !== forgotten.id), unsent]
  const problems = judge(testimony, await observe(system.api))
  const isCaught = (kind: ProblemKind, name: string): boolean =>
    problems.some((problem) => problem.kind === kind && problem.examples.some((example) => example.includes(name)))
  return [
    { planted: 'a row deleted', kind: 'lost', caught: isCaught('lost', deleted.id) },
    { planted: 'a row stored twice', kind: 'twice', caught: isCaught('twice', twice.id) },
    {
      planted: 'a good event among the dead letters',
      kind: 'dead_unplanted',
      caught: isCaught('dead_unplanted', deadToo.id),
    },
    {
      planted: 'an acknowledgement missing in the journal',
      kind: 'stranger',
      caught: isCaught('stranger', forgotten.id),
    },
    { planted: 'an acknowledgement of what was never stored', kind: 'lost', caught: isCaught('lost', unsent.id) },
    {
      planted: 'a row deleted, seen by the accounting',
      kind: 'accounting',
      caught: isCaught('accounting', 'missing_count is 1'),
    },
  ]
}
