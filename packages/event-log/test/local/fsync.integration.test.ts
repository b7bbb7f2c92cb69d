import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { inFolder } from './temporary.js'

const CHILD = fileURLToPath(new URL('./fsync-child.ts', import.meta.url))

// kill -9 cannot show this: the page cache outlives the process, not the machine. Needs strace and the right to use it;
// without them this is skipped on a developer's machine, and fails where CI is set.
const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
const isLeftOut = !canTrace && process.env['CI'] === undefined

it.skipIf(isLeftOut)('an append is acknowledged after its bytes were synced to the disk, never before', () =>
  inFolder(async (path) => {
    expect(canTrace, 'strace is not installed, or this user may not trace: apt-get install strace').toBe(true)
    const trace = join(path, 'trace')
    const node = [process.execPath, '--conditions=@flywheel/source', '--import', 'tsx', CHILD, join(path, 'log')]
    // A disk that takes 60 ms for a sync: an acknowledgement that does not wait for it comes before it.
    const calls = ['-e', 'trace=write,fdatasync', '-e', 'inject=fdatasync:delay_enter=60000']
    const run = spawnSync('strace', ['-f', ...calls, '-o', trace, ...node])
    expect(run.status, String(run.stderr)).toBe(0)
    const lines = readFileSync(trace, 'utf8').split('\n')
    for (let n = 0; n < 5; n++) {
      const begun = lines.findIndex((line) => line.includes(`"BEGIN ${n}"`))
      const acknowledged = lines.findIndex((line) => line.includes(`"ACKNOWLEDGED ${n}"`))
      expect(begun).toBeGreaterThan(-1)
      const between = lines.slice(begun, acknowledged)
      const synced = between.filter((line) => /fdatasync(\(\d+\)| resumed>\)) += 0/.test(line))
      expect(synced.length, `append ${n} was acknowledged without a sync`).toBeGreaterThan(0)
    }
  }),
)
