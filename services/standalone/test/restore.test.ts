import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseManifest } from '../src/backup-manifest.js'
import { restoreBackup } from '../src/index.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-restore-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const CONTENT = 'canary'
const sha256 = createHash('sha256').update(CONTENT).digest('hex')

function manifestOf(over: { path?: string; links?: { path: string; to: string }[] }): string {
  return JSON.stringify({
    format: 1,
    begun_at: '2026-01-01T00:00:00.000Z',
    log_id: 'log',
    migrations: [],
    secret: 'file',
    files: [{ path: over.path ?? 'secret', bytes: CONTENT.length, sha256 }],
    links: over.links ?? [],
  })
}

it.each(['../outside', 'store/../../outside', '/etc/outside', 'store/..', '..', 'a\u0000b', ''])(
  'a file called %j is in no backup',
  (path) => {
    expect(parseManifest(manifestOf({ path }))).toMatchObject({ problem: expect.stringContaining('files.0.path') })
  },
)

it.each(['..name', 'store/..name', 'store/a..b', '...'])('a file called %j is only called so', (path) => {
  expect(parseManifest(manifestOf({ path }))).toMatchObject({ manifest: { files: [{ path }] } })
})

it.each([
  ['store/metadata/default', '../../outside'],
  ['store/metadata/default', '../store/../../outside'],
  ['store/metadata/default', '/etc'],
  ['store/metadata/default', '..'],
  ['store/metadata/default', '../../'],
  ['store/metadata/a/b', '../store/x'],
  ['store/metadata/..', '../store/x'],
  ['store/data/default', '../store/x'],
  ['secret', '../store/x'],
])('no backup links %j to %j', (path, to) => {
  expect(parseManifest(manifestOf({ links: [{ path, to }] }))).toMatchObject({
    problem: expect.stringContaining('links.0'),
  })
})

it('a file that is a link brings nothing of this host into the data directory', async () => {
  const outside = join(folder, 'outside')
  const backup = join(folder, 'backup')
  await writeFile(outside, CONTENT)
  await mkdir(join(backup, 'data'), { recursive: true })
  await writeFile(join(backup, 'manifest.json'), manifestOf({}))
  await symlink(outside, join(backup, 'data', 'secret'))
  await expect(restoreBackup(backup, join(folder, 'restored'))).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('is a link'),
  })
  expect((await readdir(dirname(outside))).sort()).toEqual(['backup', 'outside'])
})
