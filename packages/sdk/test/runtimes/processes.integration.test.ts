import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BuiltPackage, builtPackage } from '../support/built-package.js'
import { ended } from '../support/child.js'
import { collectorStub, hang } from '../support/collector-stub.js'
import { expectArrived, type Played } from '../support/runtime-check.js'
import { freshStubs } from '../support/stubs.js'

const require = createRequire(import.meta.url)

/** The binary of an npm package that its platform package carries; an install script may have moved it. */
function binary(name: string, ...paths: string[]): string {
  for (const path of paths) {
    const folder = require.resolve.paths(name)?.find((folder) => existsSync(join(folder, path)))
    // Where the install script did not run, a short script stands in for the binary.
    if (folder && statSync(join(folder, path)).size > 1_000_000) return join(folder, path)
  }
  throw new Error(`the npm package ${name} holds no binary for ${process.platform} ${process.arch}; run npm ci`)
}
const platform = `${process.platform}-${process.arch}`
const RUNTIMES: [string, () => [string, string[]]][] = [
  ['Node', () => [process.execPath, ['--unhandled-rejections=strict']]],
  ['Bun', () => [binary('bun', 'bun/bin/bun.exe', `@oven/bun-${platform}/bin/bun`), []]],
  [
    'Deno',
    () => [
      binary('deno', `@deno/${platform}-glibc/deno`, 'deno/deno'),
      ['run', '--quiet', '--no-prompt', '--cached-only', '--node-modules-dir=manual', '--allow-all'],
    ],
  ],
]

const stubs = freshStubs()
let built: BuiltPackage
beforeAll(() => {
  built = builtPackage()
  for (const name of ['runtime-host.js', 'runtime-server.js']) {
    cpSync(fileURLToPath(new URL(`../support/${name}`, import.meta.url)), join(built.folder, name))
  }
})
afterAll(() => built.remove())

interface Ran {
  code: number | null
  stderr: string
  report: { pending: number; dropped: number; rejected: number } | null
  runs: Played[]
}

function spawned(
  [command, args]: [string, string[]],
  script: string,
  given: string[],
): ChildProcessByStdio<null, Readable, Readable> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: built.folder,
    DENO_DIR: join(built.folder, 'deno'),
    NO_COLOR: '1',
  }
  return spawn(command, [...args, join(built.folder, script), ...given], {
    cwd: built.folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function run(runtime: [string, string[]], mode: string, url = stubs.collector.url): Promise<Ran> {
  const { code, stdout, stderr } = await ended(spawned(runtime, 'runtime-host.js', [url, stubs.provider.url, mode]))
  if (!stdout) throw new Error(`${runtime[0]} ended with ${code}: ${stderr}`)
  return { code, stderr, ...JSON.parse(stdout) }
}

test.each(RUNTIMES)(
  '%s: the scenario, four at once, with context over awaits, delivered by flush',
  async (_name, runtime) => {
    const { code, stderr, report, runs } = await run(runtime(), 'flush')
    expect([code, stderr]).toEqual([0, ''])
    expect(report).toMatchObject({ pending: 0, dropped: 0, rejected: 0 })
    expect(runs.map(({ follows }) => follows)).toEqual([true, true, true, true])
    expectArrived(stubs.collector, runs)
  },
)

test.each(RUNTIMES)('%s: a process that just ends delivers what it made', async (_name, runtime) => {
  const { code, stderr, runs } = await run(runtime(), 'end')
  expect([code, stderr]).toEqual([0, ''])
  expectArrived(stubs.collector, runs)
})

// Two seconds are spent on what is left; the rest is room for a slow machine.
test.each(RUNTIMES)(
  '%s: a collector that is not there, or hangs, holds no process that has ended',
  async (_name, runtime) => {
    stubs.collector.behaviour = hang
    const gone = await collectorStub()
    await gone.close()
    const start = performance.now()
    const timed = async (url: string) => {
      const { code, runs } = await run(runtime(), 'end', url)
      return { code, count: runs.length, ms: performance.now() - start }
    }
    const ends = await Promise.all([timed(stubs.collector.url), timed(gone.url)])
    expect(ends.map(({ code, count }) => [code, count])).toEqual([
      [0, 4],
      [0, 4],
    ])
    expect(Math.max(...ends.map(({ ms }) => ms))).toBeLessThan(10_000)
  },
)

test.each(RUNTIMES.slice(1))(
  '%s: Hono on its own server, bodies made while they are read, inside the turn',
  async (_name, runtime) => {
    const child = spawned(runtime(), 'runtime-server.js', [stubs.collector.url, stubs.provider.url])
    try {
      const [port] = (await once(child.stdout, 'data')) as [Buffer]
      const url = `http://127.0.0.1:${port.toString().trim()}`
      const turns = await Promise.all(
        ['a', 'b'].map(async (user) => {
          const response = await fetch(`${url}/?user=${user}`)
          const turn = response.headers.get('flywheel-turn')
          let text = ''
          let waited = 0
          for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
            text += new TextDecoder().decode(piece)
            // Until the host has nothing under way: the server itself asks for the next piece then.
            if (text.length < (waited + 1) * 4_000_000) continue
            waited++
            await sleep(150)
          }
          expect(text.split(/ +/)).toEqual([turn, turn, turn, ''])
          return turn
        }),
      )
      await fetch(`${url}/flush`)
      const stored = stubs.collector.accepted as { turn_id?: string; user_id?: string }[]
      const of = (user: string) => stored.filter((event) => event.user_id === user).map((event) => event.turn_id)
      expect([of('a'), of('b')]).toEqual(turns.map((turn) => [turn, turn, turn]))
    } finally {
      child.kill()
    }
  },
)
