import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type Client, createClient } from '../client.js'
import { DATA_DIR, resolveConnection } from '../config.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'

interface Check {
  check: string
  ok: boolean
  detail: string
}

const LAG_LIMIT_MS = 60_000
const FREE_LIMIT_BYTES = 1024 ** 3

/** `flywheel doctor`: every check is run, and one that fails makes the exit code 1. */
export async function doctor(context: CommandContext): Promise<number> {
  const { flags, output } = context
  const checks: Check[] = [nodeVersion(), engine()]
  checks.push(await disk(flags.dataDir ?? (existsSync(DATA_DIR) ? DATA_DIR : '.')))
  const { url, apiKey, origin } = resolveConnection(flags)
  checks.push(
    await run(
      'server',
      async () => {
        const response = await fetch(`${url}/livez`, { signal: context.signal })
        return response.ok ? `${url} (${origin.url})` : fail(`${url} answered ${response.status}`)
      },
      `nothing answers at ${url}: flywheel up starts a server`,
    ),
  )
  checks.push(
    apiKey === null
      ? { check: 'key', ok: false, detail: 'none: set FLYWHEEL_API_KEY' }
      : await withServer(context, 'key', async (client) => {
          await client.v1.health.$get({})
          return `accepted (${origin.api_key})`
        }),
  )
  if (checks.every((each) => each.ok || each.check === 'disk' || each.check === 'engine')) {
    checks.push(
      await withServer(context, 'lag', async (client) => {
        const health = await (await client.v1.health.$get({})).json()
        const error = health.errors[0]
        if (error !== undefined) fail(`${error.part}: ${error.message}`)
        if (health.backlog === null) return fail('the log cannot tell what waits')
        const text = `${Math.round(health.backlog.oldest_ms)} ms, ${health.backlog.records} records wait`
        return health.backlog.oldest_ms > LAG_LIMIT_MS ? fail(text) : text
      }),
    )
    checks.push(
      await withServer(context, 'accounting', async (client) => {
        const sums = await (await client.v1.accounting.$get({ query: {} })).json()
        const text = `accepted ${sums.accepted}, stored ${sums.stored}, dead ${sums.dead_lettered}, repeats ${sums.repeats}, missing ${sums.missing_count}`
        return sums.balanced ? text : fail(text)
      }),
    )
  }
  output.rows(checks, [
    { name: 'check', of: (row) => row.check },
    { name: 'ok', of: (row) => (row.ok ? 'ok' : 'FAIL') },
    { name: 'detail', of: (row) => row.detail, width: 160 },
  ])
  return checks.every((each) => each.ok) ? EXIT.ok : EXIT.failed
}

function fail(detail: string): never {
  throw new Error(detail)
}

async function run(check: string, body: () => Promise<string>, otherwise?: string): Promise<Check> {
  try {
    return { check, ok: true, detail: await body() }
  } catch (error) {
    return { check, ok: false, detail: otherwise ?? (error instanceof Error ? error.message : String(error)) }
  }
}

function withServer(context: CommandContext, check: string, body: (client: Client) => Promise<string>): Promise<Check> {
  return run(check, () => body(createClient(context)))
}

function nodeVersion(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const ok = major > 20 || (major === 20 && minor >= 19)
  return { check: 'node', ok, detail: ok ? process.versions.node : `${process.versions.node}; needs 20.19 or later` }
}

/** Whether chdb's binary is installed, without loading 500 MB of it. */
function engine(): Check {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  const isMusl = process.platform === 'linux' && report?.header?.glibcVersionRuntime === undefined
  const name = `@chdb/lib-${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`
  try {
    createRequire(createRequire(import.meta.url).resolve('chdb')).resolve(`${name}/package.json`)
    if (!isMusl) return { check: 'engine', ok: true, detail: name }
  } catch {
    // Absent: said below.
  }
  return {
    check: 'engine',
    ok: false,
    detail: isMusl
      ? 'chdb needs glibc, this is musl (Alpine): use a Debian image, or a ClickHouse server'
      : `${name} is not installed: flywheel up cannot run here; npm ci without --omit=optional installs it`,
  }
}

async function disk(folder: string): Promise<Check> {
  return run('disk', async () => {
    const { bavail, bsize } = await statfs(folder)
    const free = bavail * bsize
    const text = `${(free / 1024 ** 3).toFixed(1)} GiB free`
    return free < FREE_LIMIT_BYTES ? fail(`${text}; needs 1`) : text
  })
}
