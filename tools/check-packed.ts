/**
 * What a user would install: each published package is packed and read by publint, by attw ("are the types wrong?"),
 * and for what neither looks at: README and licence in it, no tests or sources, no package that is never published.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Manifest {
  name: string
  private?: boolean
  main?: string
  exports?: Record<string, { require?: unknown }>
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

/** The files that npm would publish. */
function packed(folder: string): string[] {
  const report = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [{ files }] = JSON.parse(report) as [{ files: { path: string }[] }]
  return files.map(({ path }) => path)
}

/** What is wrong with a package, a sentence each. */
function complaints(folder: string): string[] {
  const files = packed(folder)
  const found: string[] = []
  for (const file of ['README.md', 'LICENSE']) {
    if (!files.includes(file)) found.push(`${file} is not in the package`)
  }
  if (readFileSync(join(folder, 'LICENSE'), 'utf8') !== readFileSync('LICENSE', 'utf8')) {
    found.push('its LICENSE is not the one of the repository')
  }
  const { name: own, dependencies, optionalDependencies, peerDependencies } = manifestOf(folder)
  for (const [name, range] of Object.entries({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    if (!name.startsWith('@flywheel/')) continue
    if (!names.has(name)) found.push(`it depends on ${name}, which is not published`)
    if (range === '*') found.push(`it depends on any version of ${name}; name one`)
  }
  const imported = files
    .filter((file) => /\.d\.[cm]?ts$/.test(file))
    .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/(?:from|import) '(@flywheel\/[^/']+)/g)])
    .map((match) => match[1] as string)
  for (const name of new Set(imported)) {
    // An example in a comment imports the package itself.
    if (name === own) continue
    if (dependencies?.[name] === undefined) found.push(`its declarations import ${name}, on which it does not depend`)
  }
  for (const file of files) {
    if (/(^|\/)(test|bench|src)\//.test(file)) found.push(`${file} is for the clone alone`)
  }
  return found
}

const folders = readdirSync('packages')
  .map((name) => join('packages', name))
  .filter((folder) => manifestOf(folder).private !== true)
const names = new Set(folders.map((folder) => manifestOf(folder).name))
for (const name of ['@flywheel/schema', '@flywheel/sdk', '@flywheel/cli']) {
  if (!names.has(name)) throw new Error(`${name} is not published: the check would read too little`)
}

let failed = 0
for (const folder of folders) {
  console.log(`\n${folder}`)
  for (const complaint of complaints(folder)) {
    failed += 1
    console.error(`check-packed: ${folder}: ${complaint}`)
  }
  execFileSync('npx', ['publint', '--strict', folder], { stdio: 'inherit' })
  const { main, exports } = manifestOf(folder)
  // A command offers nothing to import.
  if (main === undefined && exports === undefined) continue
  // A package of ESM alone is meant to be; one that offers CJS is held to every resolution.
  const dual = main !== undefined || Object.values(exports ?? {}).some((entry) => entry.require !== undefined)
  execFileSync('npx', ['attw', '--pack', folder, '--profile', dual ? 'node16' : 'esm-only'], { stdio: 'inherit' })
}
if (failed > 0) process.exit(1)
