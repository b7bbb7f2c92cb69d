import { FlywheelError } from '@flywheel/schema'
import { z } from 'zod'
import type { ServerOptions } from './open-server.js'

/** The environment of everything that talks to a ClickHouse server: a group of keys that every service shares. */
export const clickhouseConfigSchema: z.ZodObject<{
  CLICKHOUSE_URL: z.ZodURL
  CLICKHOUSE_USER: z.ZodDefault<z.ZodString>
  CLICKHOUSE_PASSWORD: z.ZodDefault<z.ZodString>
  CLICKHOUSE_DATABASE: z.ZodDefault<z.ZodString>
  CLICKHOUSE_CLUSTER: z.ZodOptional<z.ZodString>
}> = z.object({
  CLICKHOUSE_URL: z.url({ protocol: /^https?$/, error: 'must be like http://clickhouse:8123 or https://host:8443' }),
  CLICKHOUSE_USER: z.string().min(1).default('default'),
  CLICKHOUSE_PASSWORD: z.string().default(''),
  CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[A-Za-z_]\w*$/, 'must be letters, digits and underscores')
    .default('default'),
  /** The name of a cluster in the server's `remote_servers`; absent: one server. */
  CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[A-Za-z_][\w-]*$/, 'must be letters, digits, underscores and hyphens')
    .optional(),
})

/**
 * Options of `openServer` from the environment.
 * @throws FlywheelError `invalid_config` that lists every key that is wrong
 *
 * @example const db = await openServer(clickhouseOptions(process.env))
 */
export function clickhouseOptions(env: Readonly<Record<string, unknown>>): ServerOptions {
  const { data, error } = clickhouseConfigSchema.safeParse(env)
  if (error !== undefined) {
    const wrong = error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
    throw new FlywheelError(
      'invalid_config',
      `ClickHouse cannot be reached with this environment: ${wrong.join('; ')}.`,
    )
  }
  return {
    url: data.CLICKHOUSE_URL,
    username: data.CLICKHOUSE_USER,
    password: data.CLICKHOUSE_PASSWORD,
    database: data.CLICKHOUSE_DATABASE,
    ...(data.CLICKHOUSE_CLUSTER !== undefined && { cluster: data.CLICKHOUSE_CLUSTER }),
  }
}
