import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ensureJars } from './jars.js'

const run = promisify(execFile)
const OLDEST_JAVA = 17

/**
 * What keeps a broker from running on this machine, as a sentence, or null. Rejects instead where `CI` is set: there a
 * missing broker is a failure, not a reason to skip.
 *
 * @example
 * const missing = await kafkaMissing()
 * describe.skipIf(missing !== null)('against a real broker', () => {})
 */
export async function kafkaMissing(): Promise<string | null> {
  const missing = (await javaMissing()) ?? (await jarsMissing())
  if (missing === null) return null
  // biome-ignore lint/style/noProcessEnv: only tests call this
  if (process.env['CI']) throw new Error(`${missing} CI is set, so the tests with Kafka may not be skipped.`)
  console.warn(`Tests with Kafka are skipped: ${missing}`)
  return missing
}

async function javaMissing(): Promise<string | null> {
  const said = await run('java', ['-version']).catch(() => null)
  if (said === null) return `Kafka needs Java ${OLDEST_JAVA} or later: install openjdk-${OLDEST_JAVA}-jre-headless.`
  const major = Number(/version "(\d+)/.exec(said.stderr)?.[1] ?? 0)
  return major >= OLDEST_JAVA ? null : `Kafka needs Java ${OLDEST_JAVA} or later, and java is version ${major}.`
}

async function jarsMissing(): Promise<string | null> {
  return ensureJars().then(
    () => null,
    (error: Error) => error.message,
  )
}
