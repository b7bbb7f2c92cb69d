import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CliError, EXIT } from './exit.js'

/** The folder that `flywheel up` makes and that other commands look for upwards from where they are run. */
export const DATA_DIR = '.flywheel'
/** Written by `flywheel up`, mode 0600: URL and key of the running server. */
export const CONNECTION_FILE = 'cli.json'

/** What the connection file holds. */
export interface ConnectionFile {
  url: string
  api_key: string
}

/** Where a command sends its requests, and where each value came from. */
export interface Connection {
  url: string
  apiKey: string | null
  origin: { url: string; api_key: string }
}

/** Flags that every command knows. */
export interface ConnectionFlags {
  url?: string
  apiKey?: string
  dataDir?: string
}

/** Flag over environment over the project's file over the default. */
export function resolveConnection(
  flags: ConnectionFlags,
  env: Record<string, string | undefined> = process.env,
  cwd: string = process.cwd(),
): Connection {
  const found = readConnectionFile(flags.dataDir, cwd)
  const url = pick([
    [flags.url, '--url'],
    [env['FLYWHEEL_URL'], 'FLYWHEEL_URL'],
    [found?.value.url, found?.path ?? ''],
    ['http://127.0.0.1:8787', 'default'],
  ])
  const key = pick([
    [flags.apiKey, '--api-key'],
    [env['FLYWHEEL_API_KEY'], 'FLYWHEEL_API_KEY'],
    // A key goes only to the server it belongs to: another URL from a flag must not be sent this file's key.
    [found !== null && url?.value === found.value.url ? found.value.api_key : undefined, found?.path ?? ''],
  ])
  const target = (url as Picked).value.replace(/\/+$/, '')
  if (!/^https?:\/\/\S+$/.test(target)) {
    throw new CliError(
      EXIT.usage,
      `The URL ${target} (${url?.origin}) is not http or https; write it as http://127.0.0.1:8787`,
    )
  }
  return { url: target, apiKey: key?.value ?? null, origin: { url: url?.origin ?? '', api_key: key?.origin ?? 'none' } }
}

interface Picked {
  value: string
  origin: string
}

function pick(candidates: [string | undefined, string][]): Picked | null {
  for (const [value, origin] of candidates) if (value !== undefined && value !== '') return { value, origin }
  return null
}

function readConnectionFile(dataDir: string | undefined, cwd: string): { path: string; value: ConnectionFile } | null {
  const path = dataDir === undefined ? findUpwards(cwd) : join(dataDir, CONNECTION_FILE)
  if (path === null || !existsSync(path)) return null
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    const { url, api_key } = value as ConnectionFile
    if (typeof url === 'string' && typeof api_key === 'string') return { path, value: { url, api_key } }
  } catch {
    // Unreadable is the same as absent below: the command says what is missing.
  }
  throw new CliError(
    EXIT.usage,
    `${path} is not a connection file; start the server again with flywheel up to write it anew`,
  )
}

function findUpwards(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, DATA_DIR, CONNECTION_FILE)
    if (existsSync(path)) return path
    if (dirname(folder) === folder) return null
  }
}

/** How other commands find the server of a connection file, in words: those run here, or with a flag. */
export function findingOf(connection: string, cwd: string = process.cwd()): string {
  return findUpwards(cwd) === connection
    ? `Other flywheel commands run here find it by ${connection}.`
    : `Other flywheel commands find it with --data-dir ${dirname(connection)}.`
}

/** The data folder that a flag names, or that stands here or in a folder above. */
export function dataDirOf(dataDir: string | undefined, cwd: string = process.cwd()): string {
  const found = dataDir === undefined ? findUpwards(cwd) : null
  return found === null ? (dataDir ?? DATA_DIR) : dirname(found)
}

/** The environment with flags over it, for a server that reads its configuration from there. */
export function environmentWith(
  flags: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  return { ...process.env, ...Object.fromEntries(given) }
}

/** The key of the connection file in a data directory, or undefined. */
export function storedKey(dataDir: string): string | undefined {
  try {
    return readConnectionFile(dataDir, dataDir)?.value.api_key
  } catch {
    return undefined
  }
}
