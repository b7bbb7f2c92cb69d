import { FlywheelError } from '@flywheel/schema'
import { classifyInsertFailure, type Database, schemaDifference } from '@flywheel/store'
import { type BatchLine, renderLines } from './batch-lines.js'

/** Tells lines that no store takes from a store that takes no line of this version. */
export interface SchemaGuard {
  /**
   * Call when a whole batch was refused. Where the store has migrations that this version does not know, a few lines are
   * tried alone; if every one is refused, the schema is to blame and not the lines.
   * @throws FlywheelError `store_failed`, transient: the sink waits for its upgrade and makes no dead letter
   */
  assertLinesAtFault(table: string, lines: readonly BatchLine[]): Promise<void>
}

export function createSchemaGuard(db: Database): SchemaGuard {
  return {
    async assertLinesAtFault(table, lines) {
      const alive = lines.filter((line) => line.outcome === 'stored')
      if (alive.length < 2) return
      const { unknown } = await schemaDifference(db)
      if (unknown.length === 0) return
      // What of these is stored is stored again with its part; both collapse by key.
      for (const line of new Set([alive[0]!, alive[alive.length >>> 1]!, alive.at(-1)!])) {
        if (await isTaken(db, table, line)) return
      }
      throw new FlywheelError(
        'store_failed',
        `The store has migrations that this sink does not know (${unknown.join(', ')}) and refuses whatever it writes to ${table}; upgrade the sink (SCHEMA_NEWER)`,
      )
    },
  }
}

async function isTaken(db: Database, table: string, line: BatchLine): Promise<boolean> {
  try {
    await db.insert(table, await renderLines([line]))
    return true
  } catch (error) {
    if (classifyInsertFailure(error) === 'poison') return false
    throw error
  }
}
