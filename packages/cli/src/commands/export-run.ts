import { readFile } from 'node:fs/promises'
import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import { funnelLines } from '../funnel.js'
import { OUTPUT_FORMATS } from '../output.js'
import { readStdin } from '../stdin.js'

/** `flywheel export run`. */
export async function exportRun(
  context: CommandContext,
  own: { recipe?: string; plan?: string; asOf?: string; target?: string[] },
): Promise<number> {
  const { output, flags } = context
  const isTarget = flags.format !== undefined && !OUTPUT_FORMATS.some((each) => each === flags.format)
  const targets = [...(own.target ?? []), ...(isTarget ? [flags.format as string] : [])]
  if (targets.length > 0 && (own.plan !== undefined || own.asOf !== undefined)) {
    throw new CliError(EXIT.usage, '--plan and --as-of bring a recipe of their own; leave the target out')
  }
  if ([own.recipe, own.plan, own.asOf].filter((each) => each !== undefined).length > 1) {
    throw new CliError(
      EXIT.usage,
      '--plan and --as-of bring a recipe of their own; give one of --recipe, --plan and --as-of',
    )
  }
  const written = own.recipe === undefined ? undefined : await readRecipe(own.recipe)
  const recipe = targets.length === 0 ? written : { ...written, targets }
  const client = createClient(context)
  output.say('Curating …')
  const response = await client.v1.exports.$post({
    json: {
      ...(recipe === undefined ? {} : { recipe }),
      ...(own.plan === undefined ? {} : { plan: own.plan }),
      ...(own.asOf === undefined ? {} : { as_of: own.asOf }),
    },
  })
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

async function readRecipe(path: string): Promise<Record<string, unknown>> {
  let text: string
  try {
    text = path === '-' ? await readStdin() : await readFile(path, 'utf8')
  } catch (cause) {
    throw new CliError(EXIT.notFound, `The recipe ${path} cannot be read; give the path of a JSON file`, { cause })
  }
  try {
    const recipe: unknown = JSON.parse(text)
    if (typeof recipe === 'object' && recipe !== null && !Array.isArray(recipe))
      return recipe as Record<string, unknown>
  } catch (cause) {
    throw new CliError(EXIT.usage, `The recipe ${path} is no JSON: ${(cause as Error).message}`, { cause })
  }
  throw new CliError(EXIT.usage, `The recipe ${path} is no JSON object`)
}
