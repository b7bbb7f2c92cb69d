import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const peers = fileURLToPath(new URL('./peers/', import.meta.url))
const installed = (name: string): string => join(peers, 'node_modules', name)

/** The contenders in the order of the table; `none` is the control. */
export const CONTENDERS = [
  'none',
  'flywheel',
  'langfuse',
  'braintrust',
  'posthog',
  'openinference',
  'langsmith',
] as const
export type Contender = (typeof CONTENDERS)[number]

/** What of the peers is not installed is fetched by its lock; our SDK is built and put beside them, as a user has it. */
export function install(): void {
  const wanted = JSON.parse(readFileSync(join(peers, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const isThere = Object.entries(wanted.dependencies).every(([name, version]) => {
    if (!existsSync(installed(`${name}/package.json`))) return false
    return version.endsWith(versionOf(name))
  })
  const silent = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] }
  if (!isThere) {
    console.error('bench: npm ci of the peers')
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], {
      cwd: peers,
      ...silent,
    })
  }
  const own = installed('@flywheel/sdk')
  mkdirSync(own, { recursive: true })
  execFileSync('npx', ['tsup', '--no-dts', '--silent', '--out-dir', join(own, 'dist')], { cwd: root, ...silent })
  cpSync(join(root, 'package.json'), join(own, 'package.json'))
}

function versionOf(name: string): string {
  return (JSON.parse(readFileSync(installed(`${name}/package.json`), 'utf8')) as { version: string }).version
}

/** Name and version of each package that a contender's set-up imports, and of the provider's library. */
export async function versions(contender: Contender): Promise<Record<string, string>> {
  const source = readFileSync(join(peers, `contenders/${contender}.mjs`), 'utf8')
  const list = /packages = (\[[^\]]*\])/.exec(source)?.[1] ?? '[]'
  const names = [...list.matchAll(/'([^']+)'/g)].map((match) => match[1] as string)
  return Object.fromEntries(['openai', ...names].map((name) => [name, versionOf(name)]))
}

/** Bytes of the contender's set-up bundled for Node with all it loads, ever, minified and gzipped; openai left out. */
export async function bundleBytes(contender: Contender): Promise<number> {
  return await gzipped(join(peers, `contenders/${contender}.mjs`), ['openai', 'openai/*'])
}

/** Bytes of our entry alone, as the size limit counts it: what is loaded later is not in it. */
export async function entryBytes(): Promise<number> {
  return await gzipped(join(installed('@flywheel/sdk'), 'dist/index.js'), ['./*'])
}

async function gzipped(entry: string, external: string[]): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external,
    logLevel: 'error',
    conditions: ['import', 'node'],
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
}
