import { randomBytes } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CONNECTION_FILE, type ConnectionFile, environmentWith, findingOf, storedKey } from '../config.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'

interface UpFlags {
  port?: string
  host?: string
  exportCron?: string
  clickhousePort?: string
}

/** `flywheel up`: the embedded profile in this process, until SIGINT or SIGTERM. */
export async function up({ flags, output, signal: interrupted }: CommandContext, own: UpFlags): Promise<number> {
  // The one place that leads to the server's code; every other command is HTTP alone.
  const { loadStandaloneConfig, startStandalone } = await import('@flywheel/standalone')
  const config = loadStandaloneConfig(
    environmentWith({
      FLYWHEEL_DATA_DIR: flags.dataDir,
      FLYWHEEL_PORT: own.port,
      FLYWHEEL_HOST: own.host,
      FLYWHEEL_EXPORT_CRON: own.exportCron,
      FLYWHEEL_CLICKHOUSE_PORT: own.clickhousePort,
    }),
  )
  const dataDir = resolve(config.dataDir)
  const known = storedKey(dataDir)
  output.say(`Starting Flywheel in ${dataDir} …`)
  const stopped = untilSignal(interrupted)
  const server = await startStandalone({ ...config, dataDir, knownKey: known })
  try {
    const connection = await writeConnection(dataDir, server.url, server.keys?.secret ?? known)
    if (server.keys !== undefined) {
      output.say('')
      output.say('Keys of the project "default". They are shown this once; only their hashes are kept.')
      output.say(`  secret  ${server.keys.secret}   for servers: FLYWHEEL_API_KEY`)
      output.say(`  public  ${server.keys.public}   for browsers: feedback only`)
      output.say('')
    }
    output.say(`Flywheel is listening on ${server.url}`)
    if (server.clickhouseUrl !== undefined) {
      output.say(`ClickHouse clients read it on ${server.clickhouseUrl} with a secret key as the password.`)
    }
    output.say(
      connection === null ? 'No key is kept here: set FLYWHEEL_API_KEY for other commands.' : findingOf(connection),
    )
    output.say('Ctrl-C stops it.')
    if (output.format === 'json' || output.format === 'jsonl') {
      output.one({
        url: server.url,
        clickhouse_url: server.clickhouseUrl ?? null,
        data_dir: dataDir,
        secret_key: server.keys?.secret ?? null,
        public_key: server.keys?.public ?? null,
      })
    }
    const signal = await stopped
    output.say(`Stopping (${signal}) …`)
  } finally {
    await server.stop()
  }
  return EXIT.ok
}

/** Resolves at the first signal; a second one ends the process at once, because someone is waiting. */
function untilSignal(interrupted: AbortSignal): Promise<string> {
  return new Promise((done) => {
    // Ctrl-C while the server's code was still loading.
    if (interrupted.aborted) done('SIGINT')
    let seen = 0
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        seen += 1
        if (seen > 1) process.exit(EXIT.interrupted)
        done(signal)
      })
    }
  })
}

/**
 * Writes URL and key for the other commands, in one step and readable by its owner alone.
 * @returns the file's path, or null where no key is known
 */
async function writeConnection(dataDir: string, url: string, secret: string | undefined): Promise<string | null> {
  const path = join(dataDir, CONNECTION_FILE)
  if (secret === undefined) return null
  const connection: ConnectionFile = { url, api_key: secret }
  const next = `${path}.${randomBytes(4).toString('hex')}`
  try {
    await writeFile(next, `${JSON.stringify(connection, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    await rename(next, path)
  } catch (cause) {
    await rm(next, { force: true })
    throw new CliError(EXIT.failed, `${path} cannot be written; check the folder's owner and the free disk`, { cause })
  }
  return path
}
