import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const child = fileURLToPath(new URL('./support/heap.ts', import.meta.url))

interface Kept {
  kept_mb: number
  created: number
  pending: number
  dropped: Record<string, number>
  sent: number
  first: number
  last: number
}

test.each([
  ['plain text', ''],
  ['text that the engine holds at two bytes a character', '😀'],
])(
  '20,000 calls with the collector down keep at most 16 MB, the newest of them and the counters: %s',
  async (_, mark) => {
    const args = ['--expose-gc', '--conditions=@flywheel/source', '--import', 'tsx', child, mark]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    const kept = JSON.parse(stdout) as Kept
    expect(kept.kept_mb).toBeLessThan(16)
    expect(kept).toMatchObject({ created: 20_000, dropped: { queue_full: 20_000 - kept.pending }, sent: kept.pending })
    expect(kept.pending).toBeGreaterThan(1000)
    expect([kept.first, kept.last]).toEqual([20_000 - kept.pending, 19_999])
  },
)
