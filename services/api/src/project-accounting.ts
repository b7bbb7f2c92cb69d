import { type Accounting, accounting, type Database } from '@flywheel/store'
import type { LogPort } from './ports.js'

/** Reads the state of the log for one or more accountings. */
export type AccountingLog = Pick<LogPort, 'log_id' | 'backlog' | 'progress'>

/** Counts the sums of a project over what the log had committed when this was made. */
export type ProjectAccounting = (
  project_id: string,
  range?: { since?: string | undefined; until?: string | undefined },
) => Promise<Accounting>

/**
 * Asks the log how far it is, before any table is read: a boundary read later would ask for receipts that the query has
 * not seen.
 *
 * @param projects how many projects there are: of several, the log cannot tell whose lines wait in it
 */
export async function projectAccounting(
  db: Database,
  log: AccountingLog,
  projects: number,
): Promise<ProjectAccounting> {
  const [backlog, progress] = [await log.backlog(), await log.progress()]
  const positions = progress.map(({ partition, committed, end }) => ({ log_id: log.log_id, partition, committed, end }))
  const in_log_lines = projects <= 1 || backlog.lines === 0 ? backlog.lines : null
  return (project_id, range = {}) => accounting(db, project_id, { ...range, in_log_lines }, positions)
}
