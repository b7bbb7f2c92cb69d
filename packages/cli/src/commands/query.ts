import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'
import { columnsOf } from '../output.js'
import { readStdin } from '../stdin.js'

/** `flywheel query`. */
export async function query(context: CommandContext, sql: string, own: { limit: string }): Promise<number> {
  const { output } = context
  const body = JSON.stringify({ sql: sql === '-' ? await readStdin() : sql, limit: Number(own.limit) })
  const isStream = output.format === 'jsonl' || output.format === 'csv'
  const accept = output.format === 'csv' ? 'text/csv' : isStream ? 'application/x-ndjson' : 'application/json'
  const response = await createClient(context).fetch('/v1/query', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body,
  })
  if (isStream) {
    output.raw(await response.text())
    return EXIT.ok
  }
  const { rows, truncated } = (await response.json()) as { rows: Record<string, unknown>[]; truncated: boolean }
  output.rows(rows, columnsOf(rows))
  if (truncated) output.say(`Cut at ${own.limit} rows; see --limit.`)
  return EXIT.ok
}
