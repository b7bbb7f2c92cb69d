import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'
import { parseTime } from '../times.js'

interface AccountingFlags {
  since?: string
  until?: string
}

const SHOWN = [
  'created',
  'dropped',
  'rejected',
  'accepted',
  'in_log',
  'stored',
  'repeats',
  'dead_lettered',
  'expired',
  'erased',
] as const

/** `flywheel accounting`: one line; what does not add up on stderr, and exit 5. */
export async function accounting(context: CommandContext, flags: AccountingFlags): Promise<number> {
  const query = {
    ...(flags.since === undefined ? {} : { since: parseTime(flags.since) }),
    ...(flags.until === undefined ? {} : { until: parseTime(flags.until) }),
  }
  const response = await createClient(context).v1.accounting.$get({ query })
  const sums = await response.json()
  const figures = SHOWN.map((name) => `${name.replaceAll('_', ' ')} ${sums[name] ?? '?'}`)
  context.output.one(sums, `${sums.balanced ? 'balanced' : 'NOT balanced'}: ${figures.join(', ')}`)
  for (const problem of sums.problems) context.output.say(problem)
  if (sums.in_log_unknown !== null) context.output.say(`in log ?: ${sums.in_log_unknown}`)
  return sums.balanced ? EXIT.ok : EXIT.gate
}
