import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import { funnelLines } from '../funnel.js'
import { type Column, table } from '../output.js'
import { blaming, type RecipeFlags, recipeOf } from '../recipe/recipe-of.js'

interface Counted {
  strategy: string
  candidates: number
  pairs: number
  unpaired: number
  supervised: number
}

const COLUMNS: readonly Column<Counted>[] = (
  ['strategy', 'candidates', 'pairs', 'unpaired', 'supervised'] as const
).map((name) => ({ name, of: (row) => row[name] }))

/** `flywheel export count`: what a run of the same recipe would yield now; exits with 5 where it would be nothing. */
export async function exportCount(
  context: CommandContext,
  own: RecipeFlags & { plan?: string; target?: string[] },
): Promise<number> {
  const { output } = context
  const { target: targets = [], plan } = own
  if ([own.recipe, own.recipeName, plan].filter((each) => each !== undefined).length > 1) {
    throw new CliError(EXIT.usage, 'give one of --recipe, --recipe-name and --plan: each brings a recipe')
  }
  if (targets.length > 0 && (own.recipeName !== undefined || plan !== undefined)) {
    throw new CliError(
      EXIT.usage,
      '--recipe-name and --plan bring a recipe with targets of its own; leave --target out',
    )
  }
  const chosen = plan === undefined ? await recipeOf(own, output) : {}
  const recipe = targets.length === 0 ? chosen.recipe : { ...chosen.recipe, targets }
  const client = createClient(context)
  output.say('Counting …')
  const json = { ...(recipe === undefined ? {} : { recipe }), ...(plan === undefined ? {} : { plan }) }
  const counted = await (await blaming(chosen, () => client.v1.exports.count.$post({ json }))).json()
  const { pairs, unpaired, supervised, strategies, splits, nothing, superseded } = counted
  const inSplits = Object.entries(splits).map(([split, rows]) => `${rows} ${split}`)
  output.one(
    counted,
    [
      `${pairs} pairs, ${unpaired} unpaired, ${supervised} supervised${inSplits.length === 0 ? '' : ` (${inSplits.join(', ')})`}`,
      ...(superseded === null ? [] : [`${superseded} rows given out before would no longer stand`]),
      ...(strategies.length === 0 ? [] : [table(strategies, COLUMNS)]),
      ...funnelLines(counted.funnel),
      `what was received until ${counted.watermark}; nothing was published`,
    ].join('\n'),
  )
  if (nothing === null) return EXIT.ok
  output.say(nothing.detail)
  return EXIT.gate
}
