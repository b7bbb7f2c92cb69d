import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here = fileURLToPath(new URL('..', import.meta.url))
const cache = fileURLToPath(new URL('../../../node_modules/.cache/flywheel-kafka', import.meta.url))
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
const FETCH_LIMIT_MS = 300_000

/**
 * The folder with Kafka's jars. Brings them from Maven Central if no earlier run did, and checks each one against
 * `jars.sha256`; rejects with a sentence that says what is missing.
 */
export async function ensureJars(): Promise<string> {
  const pom = await readFile(join(here, 'pom.xml'), 'utf8')
  const sums = await readFile(join(here, 'jars.sha256'), 'utf8')
  const folder = join(cache, createHash('sha256').update(pom).update(sums).digest('hex').slice(0, 16))
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const fetched = `${folder}.${process.pid}`
  try {
    await fetchInto(fetched)
    await verify(fetched, sums)
    // Two runs may fetch at once: whoever renames first wins, and both folders are the same.
    await rename(fetched, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(fetched, { recursive: true, force: true })
  }
  return folder
}

async function fetchInto(folder: string): Promise<void> {
  const flags = ['-q', '-B', '-f', join(here, 'pom.xml'), '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]
  try {
    await run('mvn', [COPY, ...flags], { timeout: FETCH_LIMIT_MS })
  } catch (error) {
    const { code, stdout } = error as { code?: unknown; stdout?: string }
    if (code === 'ENOENT') throw new Error('Kafka needs Maven to fetch its jars: install maven and run again.')
    const why = /\[ERROR\].*/.exec(stdout ?? '')?.[0] ?? String(error)
    throw new Error(`Kafka's jars could not be fetched from Maven Central: ${why.slice(0, 400)}`)
  }
}

async function verify(folder: string, sums: string): Promise<void> {
  const wanted = new Map(sums.split('\n').flatMap((line) => (line === '' ? [] : [[line.slice(66), line.slice(0, 64)]])))
  const found = await readdir(folder)
  for (const name of found) {
    const sum = createHash('sha256')
      .update(await readFile(join(folder, name)))
      .digest('hex')
    if (wanted.get(name) !== sum)
      throw new Error(`${name} from Maven Central has sha256 ${sum}, not the one in jars.sha256.`)
    wanted.delete(name)
  }
  if (wanted.size > 0) throw new Error(`Maven Central did not bring ${[...wanted.keys()].join(', ')}.`)
}
