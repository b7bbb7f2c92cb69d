import type { EventType } from '@flywheel/schema'
import type { Database } from '../database.js'
import { EVENT_TABLES, type Outcome } from '../rows.js'
import type { AccountingDifference } from './accounting-answer.js'
import { ACCOUNTING_LIMITS, type AccountingScope } from './accounting-scope.js'
import type { EventName } from './accounting-sums.js'

/** Events that receipts name and no table has: the record that brought each first. */
export async function missingPlaces(
  db: Database,
  scope: AccountingScope,
  events: readonly EventName[],
): Promise<AccountingDifference[]> {
  type Found = Omit<AccountingDifference, 'table'> & { outcome: Outcome }
  const found = await db.query<Found>(
    `SELECT type, id, log_id, partition, toFloat64(position) AS position, outcome
     FROM receipts FINAL ARRAY JOIN types AS type, ids AS id, outcomes AS outcome
     WHERE project_id = {project:String} AND ${scope.inRange} AND ${scope.committed('log_id', 'partition', 'position')}
       AND (type, lower(id)) IN (${events.map(({ type, id }) => `('${type}', '${id}')`).join(', ')})
     ORDER BY received_at, log_id, partition, position LIMIT 1 BY type, id`,
    scope.params,
    ACCOUNTING_LIMITS,
  )
  return found.map(({ outcome, ...place }) => ({
    ...place,
    table: outcome === 'dead' ? 'dead_letters' : EVENT_TABLES[place.type],
  }))
}

/** Rows as their `source` says where they came from. */
export async function rowPlaces(
  db: Database,
  scope: AccountingScope,
  events: readonly EventName[],
): Promise<AccountingDifference[]> {
  const types = [...new Set(events.map(({ type }) => type))]
  const rows = await Promise.all(types.map((type) => rowsOf(db, scope, type, events)))
  return rows.flat().map(({ type, id, source }) => {
    const [, log_id = '', partition = '', position = ''] = /^(.*)\/(\d+):(\d+)/.exec(source) ?? []
    return { type, id, table: EVENT_TABLES[type], log_id, partition: Number(partition), position: Number(position) }
  })
}

function rowsOf(
  db: Database,
  scope: AccountingScope,
  type: EventType,
  events: readonly EventName[],
): Promise<{ type: EventType; id: string; source: string }[]> {
  const ids = events.filter((event) => event.type === type).map(({ id }) => id)
  return db.query(
    `SELECT '${type}' AS type, toString(id) AS id, source FROM ${EVENT_TABLES[type]} FINAL
     WHERE project_id = {project:String} AND ${EVENT_TABLES[type]}.id IN {ids:Array(UUID)} ORDER BY id, source LIMIT 1 BY id`,
    { ...scope.params, ids },
    ACCOUNTING_LIMITS,
  )
}
