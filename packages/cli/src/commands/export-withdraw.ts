import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'
import { inPath } from '../in-path.js'

/** `flywheel export withdraw`. */
export async function exportWithdraw(context: CommandContext): Promise<number> {
  const { output } = context
  const { items } = await (await createClient(context).v1.exports.withdraw.$post({})).json()
  output.rows(items, [
    { name: 'export_id', of: (row) => row.export_id, width: 64 },
    { name: 'outcome', of: (row) => row.outcome },
    { name: 'rows', of: (row) => row.rows },
    { name: 'replaced_by', of: (row) => row.replaced_by, width: 64 },
  ])
  if (items.length === 0) output.say('No export holds a row that was erased or withdrawn.')
  return EXIT.ok
}

/** `flywheel export recipients <id>`, and with `--add` one more. */
export async function exportRecipients(
  context: CommandContext,
  id: string,
  own: { add?: string; note?: string },
): Promise<number> {
  const { recipients } = createClient(context).v1.exports[':id']
  const answer =
    own.add === undefined
      ? await recipients.$get({ param: { id: inPath(id) } })
      : await recipients.$post({ param: { id: inPath(id) }, json: { recipient: own.add, note: own.note ?? '' } })
  const { items } = await answer.json()
  context.output.rows(items, [
    { name: 'recipient', of: (row) => row.recipient },
    { name: 'note', of: (row) => row.note },
    { name: 'since', of: (row) => row.created_at },
  ])
  if (items.length === 0) context.output.say('Nobody is noted: flywheel export recipients ID --add NAME.')
  return EXIT.ok
}
