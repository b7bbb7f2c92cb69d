import { type Accounting, accounting, type Database } from '@flywheel/store'
import type { LogPort } from './ports.js'

/** Reads the state of the log for one or more accountings. */
export type AccountingLog = Pick<LogPort, 'log_id' | 'backlog' | 'waitingLines'>

/** Counts the sums of a project over what the log had committed when this was made. */
export type ProjectAccounting = (
  project_id: string,
  range?: { since?: string | undefined; until?: string | undefined },
) => Promise<Accounting>

/**
 * Asks the log how far it is, before any table is read: a boundary read later would ask for receipts that the query has
 * not seen.
 *
 * @param projects how many projects there are: of one alone, all that waits is its own, also where it is not counted
 */
export async function projectAccounting(
  db: Database,
  log: AccountingLog,
  projects: number,
): Promise<ProjectAccounting> {
  const { partitions, lines, incomplete } = await log.waitingLines()
  const positions = partitions.map((place) => ({ log_id: log.log_id, ...place }))
  const isReadable = partitions.every(({ end }) => end !== null)
  // What cannot be counted is told as such by `incomplete`; the other sums stand.
  const backlog = (): Promise<number | undefined> =>
    log.backlog().then(
      ({ lines: all }) => all,
      () => undefined,
    )
  const alone = incomplete !== null && projects <= 1 && isReadable ? await backlog() : undefined
  return (project_id, range = {}) => {
    const in_log = alone ?? incomplete ?? lines.get(project_id) ?? 0
    return accounting(db, project_id, { ...range, in_log }, positions)
  }
}
