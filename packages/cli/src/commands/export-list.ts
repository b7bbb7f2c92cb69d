import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'

/** `flywheel export list`. */
export async function exportList(context: CommandContext): Promise<number> {
  const { output } = context
  const response = await createClient(context).v1.exports.$get({})
  const { items } = await response.json()
  output.rows(items, [
    { name: 'export_id', of: (row) => row.export_id, width: 64 },
    { name: 'created_at', of: (row) => row.created_at },
    { name: 'recipe', of: (row) => row.recipe_name, width: 20 },
    { name: 'pairs', of: (row) => row.pairs },
    { name: 'unpaired', of: (row) => row.unpaired },
    { name: 'supervised', of: (row) => row.supervised },
    { name: 'status', of: (row) => (row.kind === 'erasure' ? `${row.status}, less erased rows` : row.status) },
    { name: 'dir', of: (row) => row.dir, width: 200 },
  ])
  if (items.length === 0) output.say('No exports yet: flywheel export run makes one.')
  return EXIT.ok
}
