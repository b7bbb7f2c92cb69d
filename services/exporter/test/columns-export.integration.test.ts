import { readFile } from 'node:fs/promises'
import { type Manifest, parseRecipe, type RecipeInput } from '@flywheel/curation'
import { describe, expect, it } from 'vitest'
import { runExport } from '../src/index.js'
import { unitColumns } from '../src/units/columns.js'
import { HOUR, story } from './judged/story.js'
import { eraseUser, filesOf, PROJECT, ROW_KEY, type Seed, seed, settled, store, WATERMARK } from './support.js'

const columns = { prompt_version: true, tags: ['vip'], metadata: ['plan'] }

/** What the host said of each interaction; `secret` is asked for by nobody. */
function rows(secret: string): Seed {
  const made = seed(24)
  made.interactions.forEach((row, n) => {
    const metadata = n % 2 === 0 ? { plan: `plan of case ${n}`, secret } : { secret }
    Object.assign(row, { prompt_version: `v${n}`, release: secret, tags: ['vip', secret], metadata })
  })
  return made
}

async function sidecarsIn(dir: string): Promise<Record<string, unknown>[]> {
  const files = Object.entries(await filesOf(dir)).filter(([name]) => /^meta\/(preference|unpaired|superv)/.test(name))
  const texts = files.map(([, base64]) => Buffer.from(base64, 'base64').toString().trimEnd())
  return texts.flatMap((text) => text.split('\n')).map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function textIn(dir: string): Promise<string> {
  const files = Object.values(await filesOf(dir))
  return files.map((base64) => Buffer.from(base64, 'base64').toString('latin1')).join('\n')
}

describe('columns of the sidecar, from the store', { timeout: 60_000 }, () => {
  it('hold what the recipe allows, and what it does not reaches no file', async () => {
    const { run, outDir, memory } = await story(rows('canary'), { columns })
    const { dir } = await run(HOUR)
    const lines = await sidecarsIn(dir)
    expect(lines.length).toBeGreaterThan(30)
    for (const { prompt_version, tags, metadata } of lines) {
      expect(prompt_version).toMatch(/^v\d+$/)
      expect(tags).toEqual(['vip'])
      const n = Number(String(prompt_version).slice(1))
      expect(metadata).toEqual({ plan: n % 2 === 0 ? `plan of case ${n}` : null })
    }
    expect(lines[0]).not.toHaveProperty('release')
    for (const text of [await textIn(outDir), await memory()]) expect(text).not.toContain('canary')
  })

  it('leave what they do not name out of the input digest', async () => {
    const digestOf = async (secret: string, asked: RecipeInput['columns']): Promise<string> => {
      const { db, outDir, remove } = await store(rows(secret))
      const common = { db, projectId: PROJECT, outDir, rowKey: ROW_KEY, now: () => new Date(), watermark: WATERMARK }
      const { manifest_path } = await runExport({ ...common, recipe: { ...settled, columns: asked } })
      const manifest = JSON.parse(await readFile(manifest_path, 'utf8')) as Manifest
      await remove()
      return manifest.snapshot.inputs.digest
    }
    const plan = { metadata: ['plan'] }
    expect(await digestOf('one', plan)).toBe(await digestOf('another', plan))
    expect(await digestOf('one', { release: true })).not.toBe(await digestOf('another', { release: true }))
    expect(await digestOf('one', undefined)).toBe(await digestOf('another', undefined))
  })

  it('are the same from what was judged before, and leave with the rows of who is erased', async () => {
    const made = rows('canary')
    const { run, say, db, erase, memory, outDir } = await story(made, { columns })
    await run(HOUR)
    await say(2 * HOUR, made.interactions[4]!['id'], { kind: 'thumb', label: 'down', author_id: 'u4' })
    // Held against the same export without a memory, byte for byte.
    expect((await run(3 * HOUR)).judged).toBeLessThan(3)
    // Of u1: 1, 6, 11, 16 and 21.
    expect(await textIn(outDir)).toContain('plan of case 16')
    expect(await memory()).toContain('plan of case 16')
    await eraseUser(db, 'u1')
    await erase()
    for (const text of [await textIn(outDir), await memory()]) {
      expect(text).not.toContain('plan of case 16')
      expect(text).toContain('plan of case 8')
    }
  })

  it('are named on the card', async () => {
    const { run } = await story(rows('canary'), { columns })
    const { dir } = await run(HOUR)
    const card = Buffer.from((await filesOf(dir))['README.md'] ?? '', 'base64').toString()
    expect(card).toContain('`prompt_version`, `tags` (only "vip"), `metadata` (only "plan")')
  })
})

it('reads no column that the recipe does not name', () => {
  const plain = unitColumns(parseRecipe({}))
  for (const name of ['prompt_version', 'release', 'tags', 'metadata']) expect(plain.interactions).not.toContain(name)
  const asked = unitColumns(parseRecipe({ columns: { release: true }, evaluation: { share: 0.2 } }))
  expect(asked.interactions.filter((name) => !plain.interactions.includes(name))).toEqual(['tags', 'release'])
  expect(unitColumns(parseRecipe({ columns: { metadata: ['plan'] } }))).toMatchObject({ metadata: ['plan'] })
})
