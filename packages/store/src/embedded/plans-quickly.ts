import type { ChdbExtension } from './sessions.js'

/** How long a stream may keep the thread that starts it. */
const QUICK_MS = 100

/**
 * Whether a stream of the statement may be started from here. The engine plans a stream on the thread that asks for it, and
 * planning computes constants and scalar subqueries: with those of a stranger the whole process would stand still, for as
 * long as a statement may run. So it is planned aside first. What takes long is to be run as a whole, which holds no thread.
 * @throws the engine's error, where the plan has one
 */
export async function plansQuickly(chdb: Pick<ChdbExtension, 'queryAsync'>, sql: string): Promise<boolean> {
  const start = performance.now()
  await chdb.queryAsync(`EXPLAIN ${sql}`, { format: 'TSV' })
  return performance.now() - start < QUICK_MS
}
