import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'
import { inPath } from '../in-path.js'
import { printable } from '../output.js'

/** `flywheel export explain`: the way back from a row to its feedback and calls. */
export async function exportExplain(context: CommandContext, rowId: string): Promise<number> {
  const response = await createClient(context).v1.exports.rows[':row_id'].$get({ param: { row_id: inPath(rowId) } })
  const row = await response.json()
  const lines = [
    `${row.row_id}   ${row.strategy}   ${row.config}`,
    '',
    'in the exports',
    ...row.exports.map(
      (each) => `  ${each.created_at}  ${each.export_id}  ${each.recipe_name}  ${each.split}  ${each.status}`,
    ),
    '',
    'calls',
    ...row.interactions.flatMap((call) => [
      `  ${call.t}  ${call.id}  model ${call.model_answered || '-'}  task ${call.task || '-'}  user ${call.user_id || '-'}`,
      `    asked     ${call.prompt_preview || '(past retention)'}`,
      `    answered  ${call.output_preview || '(past retention)'}`,
    ]),
    '',
    'feedback',
    ...row.feedback.flatMap((each) => [
      `  ${each.occurred_at}  ${each.id}  ${[each.kind, each.stage, each.label, each.value ?? '', each.field].filter((word) => word !== '').join(' ')}  by ${each.author_kind || '-'} ${each.author_id || '-'}  ${each.trust}${each.state === 'live' ? '' : `  ${each.state.replaceAll('_', ' ')}`}`,
      ...(each.kept_preview === '' ? [] : [`    kept      ${each.kept_preview}`]),
      ...(each.reason_codes.length === 0 ? [] : [`    reasons   ${each.reason_codes.join(', ')}`]),
    ]),
    ...(row.gone.length === 0 ? [] : ['', 'erased, or past retention', ...row.gone.map((id) => `  ${id}`)]),
  ]
  context.output.one(row, lines.map(printable).join('\n'))
  return EXIT.ok
}
