import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'

/** `flywheel export runs`. */
export async function exportRuns(context: CommandContext, own: { limit: string }): Promise<number> {
  const { output } = context
  const response = await createClient(context).v1.exports.runs.$get({ query: { limit: own.limit } })
  const { items } = await response.json()
  output.rows(items, [
    { name: 'started_at', of: (run) => run.started_at },
    { name: 'recipe', of: (run) => run.recipe_name, width: 20 },
    { name: 'cause', of: (run) => run.cause },
    { name: 'result', of: (run) => run.result },
    { name: 'ms', of: (run) => run.duration_ms },
    { name: 'what', of: (run) => run.export_id ?? run.gate ?? run.error_code, width: 64 },
    { name: 'error', of: (run) => run.error, width: 120 },
  ])
  if (items.length === 0) output.say('No runs yet: flywheel export run makes one.')
  return EXIT.ok
}
