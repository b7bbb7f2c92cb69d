import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'
import { type Figures, figureLines } from '../export-figures.js'
import { funnelLines } from '../funnel.js'
import { inPath } from '../in-path.js'

/** `flywheel export show`. */
export async function exportShow(context: CommandContext, id: string): Promise<number> {
  const response = await createClient(context).v1.exports[':id'].$get({ param: { id: inPath(id) } })
  const row = await response.json()
  context.output.one(
    row,
    [
      `${row.export_id}   ${row.created_at}   ${row.recipe_name}`,
      `${row.pairs} pairs, ${row.unpaired} unpaired, ${row.supervised} supervised`,
      ...funnelLines(row.funnel),
      ...(row.manifest === null ? [] : figureLines(row.manifest as Figures)),
      row.manifest === null
        ? `its folder is not there: looked for it in ${(row.places ?? [row.dir]).join(' and in ')}`
        : row.dir,
    ].join('\n'),
  )
  return EXIT.ok
}
