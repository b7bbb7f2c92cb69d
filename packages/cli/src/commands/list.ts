import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'
import { filterQuery } from '../filters.js'
import type { Column } from '../output.js'
import { parseTime } from '../times.js'

interface ListFlags {
  limit: string
  cursor?: string
  since?: string
  until?: string
}

interface Item {
  id: string
  t: string
  task: string
  user_id: string
  model_answered: string
  model_requested: string
  status: string
  prompt_preview: string
  output_preview: string
}

const COLUMNS: Column<Item>[] = [
  { name: 'id', of: (row) => row.id },
  { name: 't', of: (row) => row.t },
  { name: 'task', of: (row) => row.task, width: 16 },
  { name: 'user_id', of: (row) => row.user_id, width: 16 },
  { name: 'model', of: (row) => row.model_answered || row.model_requested, width: 20 },
  { name: 'status', of: (row) => row.status },
  { name: 'prompt', of: (row) => row.prompt_preview, width: 36 },
  { name: 'output', of: (row) => row.output_preview, width: 36 },
]

/** `flywheel list`. */
export async function list(context: CommandContext, own: ListFlags): Promise<number> {
  const { output } = context
  const client = createClient(context)
  const query = new URLSearchParams(filterQuery({ ...own }))
  query.set('limit', own.limit)
  if (own.cursor !== undefined) query.set('cursor', own.cursor)
  if (own.since !== undefined) query.set('since', parseTime(own.since))
  if (own.until !== undefined) query.set('until', parseTime(own.until))
  const response = await client.fetch(`/v1/interactions?${query}`)
  const page = (await response.json()) as { items: Item[]; next_cursor: string | null }
  output.rows(page.items, COLUMNS)
  if (page.items.length === 0)
    output.say('No interactions match. What was sent just now may not be stored yet: flywheel doctor shows the lag.')
  if (page.next_cursor !== null) output.say(`More: --cursor ${page.next_cursor}`)
  return EXIT.ok
}
