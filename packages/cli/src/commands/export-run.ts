import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import { funnelLines } from '../funnel.js'
import { OUTPUT_FORMATS } from '../output.js'
import { blaming, type RecipeFlags, recipeOf } from '../recipe/recipe-of.js'

/** `flywheel export run`. */
export async function exportRun(
  context: CommandContext,
  own: RecipeFlags & { plan?: string; asOf?: string; target?: string[] },
): Promise<number> {
  const { output, flags } = context
  const isTarget = flags.format !== undefined && !OUTPUT_FORMATS.some((each) => each === flags.format)
  const targets = [...(own.target ?? []), ...(isTarget ? [flags.format as string] : [])]
  const sources = [own.recipe, own.recipeName, own.plan, own.asOf].filter((each) => each !== undefined)
  if (sources.length > 1) {
    throw new CliError(EXIT.usage, 'give one of --recipe, --recipe-name, --plan and --as-of: each brings a recipe')
  }
  if (targets.length > 0 && [own.recipeName, own.plan, own.asOf].some((each) => each !== undefined)) {
    const message = '--recipe-name, --plan and --as-of bring a recipe with targets of its own; leave the target out'
    throw new CliError(EXIT.usage, message)
  }
  const hasOwn = own.plan !== undefined || own.asOf !== undefined
  const chosen = hasOwn ? {} : await recipeOf(own, output)
  const recipe = targets.length === 0 ? chosen.recipe : { ...chosen.recipe, targets }
  const client = createClient(context)
  output.say('Curating …')
  const json = {
    ...(recipe === undefined ? {} : { recipe }),
    ...(own.plan === undefined ? {} : { plan: own.plan }),
    ...(own.asOf === undefined ? {} : { as_of: own.asOf }),
  }
  const response = await blaming(chosen, () => client.v1.exports.$post({ json }))
  const summary = await response.json()
  const counts = `${summary.pairs} pairs, ${summary.unpaired} unpaired, ${summary.supervised} supervised`
  output.one(
    summary,
    [
      `${summary.export_id}${summary.reused ? ' (the same as before)' : ''}`,
      counts,
      ...funnelLines(summary.funnel),
      summary.dir,
    ].join('\n'),
  )
  return EXIT.ok
}
