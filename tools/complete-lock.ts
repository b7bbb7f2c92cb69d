/**
 * Adds to package-lock.json the optional platform packages that npm left out. npm writes only those that the registry in
 * use serves, and `npm ci` then refuses its own lock (npm/cli#4828). An entry carries the exact version that its parent
 * asks for and the platform that its name tells, so that no other platform fetches it. Run after every `npm install`.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface Entry {
  version?: string
  dev?: boolean
  optional?: boolean
  devOptional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

const OS = ['darwin', 'linux', 'win32', 'android', 'freebsd', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix']
const CPU = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32']

/** The platform in a name such as `@rollup/rollup-linux-arm-gnueabihf`. */
function platformOf(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> {
  if (name === 'fsevents') return { os: ['darwin'] }
  const words = name.replace('windows', 'win32').split(/[-/]/)
  const os = OS.find((word) => words.includes(word))
  const cpu = CPU.find((word) => words.includes(word)) ?? (words.includes('64') ? 'x64' : undefined)
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined
  if (!os && !cpu) throw new Error(`${name} names no platform: add its words to tools/complete-lock.ts`)
  return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(os === 'linux' && libc && { libc: [libc] }) }
}

/** Where Node looks for what `place` imports, the nearest first, each ending where `node_modules/` begins. */
function containersOf(place: string): string[] {
  const nearer = place === '' ? [] : [`${place}/`]
  for (let at = place.lastIndexOf('node_modules/'); at > 0; at = place.lastIndexOf('node_modules/', at - 1))
    nearer.push(place.slice(0, at))
  return [...nearer, '']
}

const path = process.argv[2] ?? 'package-lock.json'
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, Entry> }
const { packages } = lock
let added = 0
for (const [place, parent] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const places = containersOf(place).map((container) => `${container}node_modules/${name}`)
    if (places.some((candidate) => packages[candidate] !== undefined)) continue
    const beside = places[1] ?? places[0] ?? ''
    packages[beside] = {
      version: version.replace(/^[~^]/, ''),
      ...platformOf(name),
      ...(parent.dev && { dev: true }),
      optional: true,
    }
    added += 1
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
if (added > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`complete-lock: ${added} platform packages added`)
