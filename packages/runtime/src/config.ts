import { FlywheelError } from '@flywheel/schema'
import type { z } from 'zod'

interface Problem {
  name: string
  value: string
  problem: string
  next: string
}

const SECRET_NAME = /SECRET|PASSWORD|TOKEN|API_KEY|CREDENTIAL|PRIVATE/i

/**
 * Reads a configuration out of environment variables with a zod object whose keys are their names.
 * An empty variable counts as absent, as shells and compose files set it that way.
 * @param next the next step to print for a name, such as how to make a secret
 * @throws FlywheelError `invalid_config` whose message is a table of every problem at once; values of secrets are left out
 * @example const config = loadConfig(z.object({ PORT: z.coerce.number().int().default(8787) }), process.env)
 */
export function loadConfig<Schema extends z.ZodObject>(
  schema: Schema,
  env: Readonly<Record<string, string | undefined>>,
  next: Readonly<Record<string, string>> = {},
): z.output<Schema> {
  const known: Record<string, string> = {}
  for (const name of Object.keys(schema.shape)) {
    const value = env[name]
    if (value !== undefined && value !== '') known[name] = value
  }
  const parsed = schema.safeParse(known)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue): Problem => {
    const name = issue.path.length > 0 ? String(issue.path[0]) : '(all)'
    const value = known[name]
    return {
      name,
      value: value === undefined ? '(not set)' : SECRET_NAME.test(name) ? '(hidden)' : value.slice(0, 60),
      // zod quotes no value in its own messages of type and range; a refinement of ours must not either.
      problem: issue.message,
      next: next[name] ?? (value === undefined ? `set ${name}` : `correct ${name}`),
    }
  })
  throw new FlywheelError('invalid_config', `The configuration has ${count(problems.length)}:\n${table(problems)}`)
}

function count(problems: number): string {
  return problems === 1 ? '1 problem' : `${problems} problems`
}

function table(problems: readonly Problem[]): string {
  const columns = ['name', 'value', 'problem', 'next'] as const
  const titles: Problem = { name: 'name', value: 'value', problem: 'problem', next: 'next step' }
  const rows = [titles, ...problems]
  const widths = columns.map((column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) => `  ${columns.map((column, at) => row[column].padEnd(widths[at] as number)).join('  ')}`.trimEnd())
    .join('\n')
}
