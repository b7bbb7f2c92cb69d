import type { Client } from '../client.js'
import { CliError, EXIT } from '../exit.js'
import { inPath } from '../in-path.js'
import type { AskReasons } from './export-diff.js'
import type { Reason } from './reasons.js'

/** Rows that the server is asked about, one request each. */
const MOST_ROWS = 200

/**
 * Asks the server what became of the feedback behind rows since: erased or past retention, taken back, or followed by a
 * later value.
 */
export function askServer(client: Client, say: (message: string) => void): AskReasons {
  async function ask(row_id: string): Promise<Reason | null> {
    try {
      const row = await (await client.v1.exports.rows[':row_id'].$get({ param: { row_id: inPath(row_id) } })).json()
      if (row.gone.length > 0) return { reason: 'events_gone' }
      const states = new Set(row.feedback.map(({ state }) => state))
      if (states.has('retracted') || states.has('retraction')) return { reason: 'retracted' }
      return { reason: states.has('superseded') || states.has('yields_to_commit') ? 'replaced' : 'taken_by_gate' }
    } catch (error) {
      // A set of another project, or one that the server has no record of.
      if (error instanceof CliError && error.exitCode === EXIT.notFound) return null
      throw error
    }
  }
  return async (rows) => {
    const reasons = new Map<string, Reason>()
    say(`Asking the server what became of the feedback behind ${Math.min(rows.length, MOST_ROWS)} rows …`)
    for (const { row_id } of rows.slice(0, MOST_ROWS)) {
      const reason = await ask(row_id)
      if (reason !== null) reasons.set(row_id, reason)
    }
    const left = rows.length - MOST_ROWS
    const note = `What became of the feedback behind ${left} more rows was not asked; flywheel export explain ROW_ID tells it of one.`
    return { reasons, note: left > 0 ? note : null }
  }
}
