import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pushToHub } from '../src/index.js'
import { type HubServer, repository, startHubServer } from './hub-server.js'

const TOKEN = 'hf_canary_of_the_token'
const dataset = 'acme/feedback'
const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex')

describe('a push to a stand-in for the Hub (the real one is out of reach of tests)', () => {
  let root: string
  let hub: HubServer
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'flywheel-hub-'))
    hub = await startHubServer(TOKEN)
  })
  afterEach(async () => {
    await hub.stop()
    await rm(root, { recursive: true })
  })

  /** An export's folder with these files. */
  async function exportOf(id: string, files: Record<string, string>): Promise<string> {
    const folder = join(root, id)
    for (const [path, text] of Object.entries({ ...files, 'README.md': `# Card of ${id}\n` })) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    const named = Object.entries(files).map(([path, text]) => ({ path, sha256: sha256(text) }))
    const manifest = JSON.stringify({ export_id: id, files: named })
    await writeFile(join(folder, `manifest-${sha256(manifest)}.json`), manifest)
    return folder
  }
  const shard = 'hub/data/preference/train-00000-of-00002.parquet'
  const first = () =>
    exportOf('e1', {
      'hub/README.md': '---\nconfigs: []\n---\n',
      [shard]: 'PAR1 one',
      'hub/data/sft/train-00000-of-00001.parquet': 'PAR1 two',
      'trl/preference/train-00000-of-00001.jsonl': '{}\n',
    })
  const push = (folder: string, own: Partial<Parameters<typeof pushToHub>[0]> = {}) =>
    pushToHub({ folder, dataset, token: TOKEN, endpoint: hub.url, ...own })
  const held = () => hub.repositories.get(dataset)

  it('makes a private repository and one commit that holds the layout byte for byte, by LFS and by git', async () => {
    const folder = await first()
    const pushed = await push(folder)
    expect(pushed).toMatchObject({ export_id: 'e1', written: 4, present: 0, deleted: 0, commit: held()?.sha })
    expect(held()?.private).toBe(true)
    expect(held()?.commits).toHaveLength(1)
    const layout = [
      'README.md',
      'data/preference/train-00000-of-00002.parquet',
      'data/sft/train-00000-of-00001.parquet',
    ]
    expect([...(held()?.files.keys() ?? [])].sort()).toEqual(['.gitattributes', ...layout, 'export/README.md'].sort())
    for (const path of layout) {
      const file = held()?.files.get(path)
      expect(file?.bytes.equals(await readFile(join(folder, 'hub', path))), path).toBe(true)
      expect(file?.isLfs).toBe(path.endsWith('.parquet'))
    }
    expect(held()?.files.get('export/README.md')?.bytes.toString()).toBe('# Card of e1\n')
    expect(pushed.bytes).toBe([...(held()?.files.values() ?? [])].reduce((sum, { bytes }) => sum + bytes.length, 0) - 9)
  })

  it('makes no commit where the repository holds the export already, and mends what somebody changed there', async () => {
    const folder = await first()
    await push(folder)
    hub.asked.length = 0
    expect(await push(folder)).toMatchObject({ commit: null, written: 0, present: 4, deleted: 0, bytes: 0 })
    expect(hub.asked.filter((each) => !each.startsWith('GET '))).toEqual([])
    held()?.files.set('data/sft/train-00000-of-00001.parquet', { bytes: Buffer.from('PAR1 twp'), isLfs: true })
    held()?.files.set('README.md', { bytes: Buffer.from('theirs'), isLfs: false })
    expect(await push(folder)).toMatchObject({ written: 2, present: 2 })
    expect(held()?.commits.at(-1)?.operations).toEqual(
      expect.arrayContaining(['file README.md', 'lfsFile data/sft/train-00000-of-00001.parquet']),
    )
  })

  it('takes the shards of the export before away in the same commit, and nothing else', async () => {
    hub.repositories.set(dataset, repository(true, { LICENSE: 'theirs', 'images/logo.svg': '<svg/>' }))
    await push(await first())
    const next = await exportOf('e2', { 'hub/README.md': 'next', [shard]: 'PAR1 one' })
    expect(await push(next)).toMatchObject({ written: 2, present: 1, deleted: 1 })
    expect(held()?.commits).toHaveLength(2)
    expect(held()?.commits[1]?.summary).toBe('Flywheel export e2')
    expect([...(held()?.files.keys() ?? [])].sort()).toEqual(
      [
        'LICENSE',
        'README.md',
        'data/preference/train-00000-of-00002.parquet',
        'export/README.md',
        'images/logo.svg',
      ].sort(),
    )
  })

  it('pushes to no repository that everybody can read, unless told that the rows are public', async () => {
    hub.repositories.set(dataset, repository(false))
    const folder = await first()
    await expect(push(folder)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('--public'),
    })
    expect(held()?.commits).toEqual([])
    expect(await push(folder, { isPublic: true })).toMatchObject({ written: 4 })
    await push(folder, { isPublic: true, dataset: 'acme/open' })
    expect(hub.repositories.get('acme/open')?.private).toBe(false)
  })

  it('takes nothing back that somebody commits meanwhile', async () => {
    hub.repositories.set(dataset, repository(true))
    hub.beforeCommit = () => hub.repositories.set(dataset, Object.assign(held()!, { sha: 'f'.repeat(40) }))
    await expect(push(await first())).rejects.toMatchObject({ code: 'conflict' })
    expect(held()?.commits).toEqual([])
  })

  it('says what is wrong with a token and never what it is', async () => {
    const folder = await first()
    for (const token of ['hf_another_canary', 'no-token-of-the-hub-canary']) {
      const failed = push(folder, { token })
      await expect(failed).rejects.toMatchObject({ code: expect.stringMatching(/forbidden|invalid_request/) })
      await expect(failed).rejects.not.toThrow('canary')
    }
  })

  it('says where nobody answers, and where the token may not see what is there', async () => {
    const folder = await first()
    await expect(push(folder, { endpoint: 'http://127.0.0.1:9' })).rejects.toThrow(
      /cannot be reached for acme\/feedback \(bad port\)/,
    )
    hub.hidden.add(dataset)
    await expect(push(folder)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('the token may not see it'),
    })
    await expect(push(folder, { dataset: '../models' })).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('reads every file again first: what is not as published is not pushed', async () => {
    const folder = await first()
    await writeFile(join(folder, shard), 'PAR1 onf')
    await expect(push(folder)).rejects.toThrow(`${shard} of export e1 is not what was published`)
    const other = await exportOf('e3', { 'trl/preference/train-00000-of-00001.jsonl': '{}\n' })
    await expect(push(other)).rejects.toThrow('flywheel export run --target hub')
    await writeFile(join(other, 'superseded-by.json'), JSON.stringify({ export_id: 'e4' }))
    await expect(push(other)).rejects.toThrow('was replaced by e4')
    await expect(push(join(root, 'none'))).rejects.toMatchObject({ code: 'not_found' })
    expect(hub.asked).toEqual([])
  })

  it('ends when it is told to', async () => {
    const ended = new AbortController()
    hub.beforeCommit = () => ended.abort()
    await expect(push(await first(), { signal: ended.signal })).rejects.toMatchObject({ name: 'AbortError' })
  })
})
