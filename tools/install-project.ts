/** The empty projects outside of the clone that `check-install` fills and uses. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const base = mkdtempSync(join(tmpdir(), 'flywheel-install-'))
/** Has all that is published, as a user of everything does. */
export const project = join(base, 'consumer')
/** Has the SDK and every provider's library. */
export const beside = join(base, 'beside')
for (const folder of [project, beside]) mkdirSync(folder)

/** Nothing of this clone or of the caller's server may be in reach: the clone's condition, its bins, its keys. */
export const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: process.env['HOME'], npm_config_fund: 'false' }

export interface Ended {
  code: number
  stdout: string
  stderr: string
}

export function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const text = { stdout: '', stderr: '' }
  child.stdout?.on('data', (piece: Buffer) => (text.stdout += piece.toString()))
  child.stderr?.on('data', (piece: Buffer) => (text.stderr += piece.toString()))
  return text
}

/** Runs a command in the project, or in `cwd`. */
export async function run(
  command: string,
  args: string[],
  more: NodeJS.ProcessEnv = {},
  cwd: string = project,
): Promise<Ended> {
  const child = spawn(command, args, { cwd, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = collect(child)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code: code ?? -1, ...text }
}

export async function expectOk(
  command: string,
  args: string[],
  more?: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<Ended> {
  const ended = await run(command, args, more, cwd)
  assert.equal(ended.code, 0, `${command} ${args.join(' ')}\n${ended.stdout}${ended.stderr}`)
  return ended
}

export const write = (file: string, text: string, cwd: string = project): void => writeFileSync(join(cwd, file), text)

export async function step<Value>(name: string, body: () => Promise<Value>): Promise<Value> {
  const start = performance.now()
  const value = await body()
  console.log(`check-install: ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
  return value
}
