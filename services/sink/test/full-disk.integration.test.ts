import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const CHILD = fileURLToPath(new URL('./full-disk-child.ts', import.meta.url))
/** A mount that nobody else sees and that ends with the process: as root, else as root of a user namespace. */
const WAYS = [['-m'], ['-Urm']]
const way = WAYS.find((flags) => spawnSync('unshare', [...flags, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0)

// Where nothing can be mounted, as in a container without rights, there is no disk to fill; CI must have one.
it.skipIf(way === undefined && process.env['CI'] === undefined)(
  'a full disk under the store is waited out: no dead letter, nothing lost, and the one bad event still found',
  async () => {
    expect(way, 'unshare must be able to mount a tmpfs').toBeDefined()
    const folder = await mkdtemp(join(tmpdir(), 'flywheel-sink-disk-'))
    try {
      const [store, log] = [join(folder, 'store'), join(folder, 'log')]
      await Promise.all([mkdir(store), mkdir(log)])
      const script = `mount -t tmpfs -o size=64m tmpfs "$2" && exec "$0" --conditions=@flywheel/source --import tsx "$1" "$3" "$2"`
      const ran = spawnSync('unshare', [...way!, 'bash', '-c', script, process.execPath, CHILD, store, log], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 60_000,
      })
      const said = JSON.parse(ran.stdout.trim().split('\n').at(-1)!) as {
        whileFull: { state: string; left: number; codes: string[] }
        missing: number
        dead: string[]
        bad: string
      }
      expect(said.whileFull).toMatchObject({ state: 'retrying', left: 10 })
      expect(said.whileFull.codes).toContain('not_enough_space')
      expect([said.missing, said.dead]).toEqual([0, [said.bad]])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  90_000,
)
