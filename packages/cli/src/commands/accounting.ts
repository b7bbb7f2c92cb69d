import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'

/** `flywheel accounting`: exit 5 where the sums do not add up. */
export async function accounting(context: CommandContext): Promise<number> {
  const response = await createClient(context).v1.accounting.$get({ query: {} })
  const sums = await response.json()
  const lines = Object.entries(sums)
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => `${name.padEnd(18)} ${value}`)
  context.output.one(sums, [...lines, sums.balanced ? 'balanced' : 'NOT balanced'].join('\n'))
  return sums.balanced ? EXIT.ok : EXIT.gate
}
