import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const CHILD = fileURLToPath(new URL('./large-child.ts', import.meta.url))
const MIB = 1024 * 1024

it('events of 8 MiB and bodies of 16 MiB go through and come out whole, a dead one too, within bounded memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-sink-large-'))
  try {
    // A process of its own, so that its memory is the sink's and the engine's alone.
    const output = execFileSync(
      process.execPath,
      ['--expose-gc', '--conditions=@flywheel/source', '--import', 'tsx', CHILD, folder],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const said = JSON.parse(output.trim().split('\n').at(-1)!) as Record<string, unknown> & {
      held: number
      grown_mib: number
    }
    expect(said).toMatchObject({ stored: 13, events: 13, wrong: [], dead: [said['refused']], isLetterWhole: true })
    expect(said['outcomes']).toBe(15)
    // The budget of 24 MiB and one body beyond it, though four partitions had 112 MiB to give.
    expect(said.held).toBeGreaterThan(16 * MIB)
    expect(said.held).toBeLessThanOrEqual(40 * MIB)
    expect(said.grown_mib).toBeLessThan(900)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 90_000)
