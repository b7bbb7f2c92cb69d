import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../bin/flywheel.js', import.meta.url))

function launch(args: string[], cwd: string): ChildProcess {
  const { FLYWHEEL_URL: _url, FLYWHEEL_API_KEY: _key, FLYWHEEL_DATA_DIR: _dir, ...env } = process.env
  return spawn(process.execPath, [bin, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function flywheel(args: string[], cwd: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = launch(args, cwd)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const [code] = await once(child, 'close')
  return { code: code as number, stdout, stderr }
}

async function up(cwd: string, dataDir: string): Promise<{ url: string; stop(): Promise<void> }> {
  const child = launch(['up', '--port', '0', '--data-dir', dataDir], cwd)
  child.stderr?.resume()
  const line = new Promise<string>((resolve) => {
    if (child.stdout) createInterface({ input: child.stdout }).once('line', resolve)
  })
  const { url } = JSON.parse(await line) as { url: string }
  return {
    url,
    async stop() {
      const end = once(child, 'exit')
      child.kill('SIGTERM')
      await end
    },
  }
}

it('backs a running server up by one command and makes a new one of it by another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-cli-'))
  const inFirst = ['--data-dir', 'first']
  let server = await up(folder, 'first')
  try {
    const line = await flywheel(['accounting', '--since', '1h', '--format', 'table', ...inFirst], folder)
    expect(line).toMatchObject({ code: 0, stderr: '' })
    expect(line.stdout).toMatch(/^balanced: created 0, .*stored 0, .*\n$/)
    const made = await flywheel(['backup', 'monday', ...inFirst], folder)
    expect([made.code, JSON.parse(made.stdout)]).toEqual([
      0,
      expect.objectContaining({ path: join(folder, 'monday'), secret: 'file' }),
    ])
    await server.stop()
    const restored = await flywheel(['restore', 'monday', '--data-dir', 'second', '--json'], folder)
    expect([restored.code, JSON.parse(restored.stdout)]).toEqual([
      0,
      expect.objectContaining({ path: join(folder, 'second') }),
    ])
    server = await up(folder, 'second')
    expect((await readdir(folder)).sort()).toEqual(['first', 'monday', 'second'])
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
