import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Manifest } from '@flywheel/curation'
import { insertRows, keyedHash, sweepErasure } from '@flywheel/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ExportSummary, eraseFromExports, runExport } from '../../src/index.js'
import { judgedFolder } from '../../src/judged/judged-memory.js'
import { filesOf, PROJECT, ROW_KEY, type Seed, START, seed, settled, store, uuid } from '../support.js'

const at = (offset: number): string => new Date(START + offset).toISOString()
const HOUR = 3_600_000
const DAY = 24 * HOUR
const common = { project_id: PROJECT, trust: 'server', schema_version: 1 }
const NEVER = '2100-01-01T00:00:00.000Z'
const KEY = { k0: '1', k1: '2' }

let opened: Awaited<ReturnType<typeof store>> | undefined
let scratch: string
let offset = 5000
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'flywheel-judged-'))
})
afterEach(async () => {
  await opened?.remove()
  opened = undefined
  await rm(scratch, { recursive: true, force: true })
})

/** What a caller of a story says of one export. */
interface Made extends ExportSummary {
  manifest: Manifest
  /** Components that were judged, each of which is a unit here. */
  judged: number
  superseded: string[]
}

/** Exports of one store by a recipe that makes deltas, each held against the same one made without a memory. */
async function story(rows: Seed, more: object = {}) {
  opened = await store(rows)
  const { db, outDir } = opened
  const recipe = { ...settled, name: 'chain', mode: 'delta' as const, ...more }
  const base = { db, projectId: PROJECT, rowKey: ROW_KEY, now: () => new Date(), unitBytes: 1, workers: 0 }
  const server = (time: number): object => ({
    ...common,
    source: `log/0:${offset++}`,
    received_at: at(time),
    body_until: NEVER,
    row_until: NEVER,
  })
  return {
    db,
    outDir,
    async say(time: number, target: unknown, said: object): Promise<string> {
      const id = uuid(START + time, offset)
      const about = { target_kind: 'interaction', target, author_kind: 'end_user' }
      await insertRows(db, 'feedback', [{ ...server(time), id, ...about, ...said }])
      return id
    },
    async consent(time: number, subject: string, label: string): Promise<void> {
      const said = { subject_kind: 'user', subject, purpose: 'train', label, basis: '' }
      const times = { applies_from: at(time), occurred_at: at(time) }
      await insertRows(db, 'consents', [{ ...server(time), id: uuid(START + time, offset), ...said, ...times }])
    },
    async run(time: number): Promise<Made> {
      let judged = 0
      const summary = await runExport({
        ...base,
        outDir,
        recipe,
        watermark: at(time),
        parent: 'latest',
        onProgress: ({ stage, of }) => {
          if (stage === 'judge') judged = of
        },
      })
      expect(await readdir(outDir)).toContain('.judged')
      const bare = join(scratch, summary.export_id)
      await cp(outDir, bare, { recursive: true })
      for (const name of ['.judged', summary.export_id]) await rm(join(bare, name), { recursive: true })
      const again = await runExport({ ...base, outDir: bare, asOf: summary.export_id })
      expect(again).toMatchObject({ export_id: summary.export_id, reused: false })
      expect(await filesOf(again.dir)).toEqual(await filesOf(summary.dir))
      const path = join(summary.dir, 'meta/supersedes.jsonl')
      const lines = existsSync(path) ? (await readFile(path, 'utf8')).split('\n').filter(Boolean) : []
      return {
        ...summary,
        judged,
        manifest: JSON.parse(await readFile(summary.manifest_path, 'utf8')),
        superseded: lines.map((line) => JSON.parse(line).reason).sort(),
      }
    },
  }
}

const corrections = (rows: Seed) => rows.feedback.filter(({ kind }) => kind === 'correction')

describe('a delta', { timeout: 60_000 }, () => {
  it('judges what was told since and who withdrew since, and nothing else', async () => {
    const rows = seed(24)
    const { run, say, consent } = await story(rows)
    expect(await run(HOUR)).toMatchObject({ judged: 24 })
    await say(2 * HOUR, rows.interactions[4]!['id'], { kind: 'thumb', label: 'down', author_id: 'u4' })
    await say(2 * HOUR, rows.interactions[6]!['id'], { kind: 'thumb', label: 'up', author_id: 'u9' })
    const told = await run(3 * HOUR)
    expect(told).toMatchObject({ judged: 2 })
    expect(told.superseded).not.toEqual([])
    await consent(4 * HOUR, 'u2', 'withdrawn')
    const withdrawn = await run(5 * HOUR)
    // Five of the 24 interactions are u2's: 2, 7, 12, 17 and 22.
    expect(withdrawn).toMatchObject({ judged: 5 })
    expect(withdrawn.superseded.length).toBeGreaterThan(3)
    expect(withdrawn.superseded.every((reason) => reason === 'retracted')).toBe(true)
  })

  it('judges again what had not settled, until it has', async () => {
    const rows = seed(24)
    const { run, say } = await story(rows, { settling: { committed_ms: DAY, draft_ms: DAY, late_feedback_ms: 0 } })
    await say(HOUR, rows.interactions[0]!['id'], { kind: 'thumb', label: 'down', author_id: 'u0' })
    const first = await run(HOUR)
    expect(first.judged).toBe(24)
    expect(first.pairs).toBe(0)
    await say(HOUR, rows.interactions[3]!['id'], { kind: 'thumb', label: 'up', author_id: 'u7' })
    const late = await run(DAY + HOUR)
    // The corrections, and the answer of which something was said.
    expect(late.judged).toBe(corrections(rows).length + 1)
    expect(late.pairs).toBe(corrections(rows).length)
    await say(2 * DAY, rows.interactions[9]!['id'], { kind: 'thumb', label: 'up', author_id: 'u7' })
    expect(await run(2 * DAY + HOUR)).toMatchObject({ judged: 1 })
  })

  it('weighs rows anew that it does not judge, where people agree otherwise than they did', async () => {
    const rows = seed(60)
    const { run, say } = await story(rows, { evidence: { recalibrate_from: 10 } })
    await run(HOUR)
    for (let n = 0; n < 36; n += 3) {
      const { label } = rows.feedback[n]!
      await say(2 * HOUR, rows.interactions[n]!['id'], { kind: 'thumb', label, author_id: 'u9' })
    }
    const weighed = await run(3 * HOUR)
    expect(weighed.judged).toBe(12)
    const { recalibration } = weighed.manifest.strategies.find(({ strategy }) => strategy === 'thumbs.unpaired')!
    expect(recalibration?.prior).toBeGreaterThan(0.9)
    // Of eight answers nothing was said since: their rows have the weight that all have now.
    expect(weighed.superseded.filter((reason) => reason === 'changed').length).toBeGreaterThanOrEqual(8)
    await say(4 * HOUR, rows.interactions[39]!['id'], { kind: 'comment', kept: 'late', author_id: 'u9' })
    await expect(run(5 * HOUR)).rejects.toThrow('nothing is new or changed')
  })

  it('judges the corrections of an author again when their signature is known', async () => {
    const rows = seed(60)
    const hers = corrections(rows).filter(({ author_id }) => author_id === 'u1')
    const signature = '\n\nKind regards\nAda of the parcel desk'
    for (const row of hers.slice(0, 2)) row['kept'] = `${row['kept']}${signature}`
    // Of eight corrections two are signed, then of nine three.
    const { run, say } = await story(rows, { artefacts: { signature_min_edits: 3, signature_share: 0.3 } })
    await run(HOUR)
    const other = rows.interactions.find(({ user_id }, n) => user_id === 'u1' && n % 3 === 0)!
    const said = { kind: 'correction', stage: 'committed', author_id: 'u1', kept: `It comes on Monday.${signature}` }
    await say(2 * HOUR, other['id'], said)
    const bare = await run(3 * HOUR)
    expect(bare.judged).toBe(hers.length + 1)
    expect(bare.superseded.filter((reason) => reason === 'changed')).toHaveLength(2 * 2)
    const files = Object.values(await filesOf(bare.dir)).map((text) => Buffer.from(text, 'base64').toString())
    expect(files.join()).not.toContain('Kind regards')
  })

  it('lets a row in whose place another gave up, with the texts that it was judged with', async () => {
    const rows = seed(24)
    // The same answer and correction twice, to a question that is spelled twice: no join brings the two together.
    const [copy, kept] = [rows.interactions[4]!, rows.interactions[14]!]
    copy['outputs'] = kept['outputs']
    copy['messages'] = String(kept['messages']).replace(' arrive?', ' arrive? ')
    const said = (about: object) => rows.feedback.find(({ target }) => target === (about as { id: string }).id)!
    said(copy)['kept'] = said(kept)['kept']
    const { run, say } = await story(rows)
    const first = await run(HOUR)
    const droppedBy = ({ funnel }: Made): object => funnel.find(({ gate }) => gate === 'exact_dedupe')!.dropped
    expect(Object.keys(droppedBy(first))).not.toEqual([])
    const { id, author_id } = said(kept)
    await say(2 * HOUR, kept['id'], { kind: 'correction', author_id, stage: 'committed', retracts: id })
    const next = await run(3 * HOUR)
    expect(next.judged).toBe(1)
    expect(droppedBy(next)).toEqual({})
    expect(next.superseded).toEqual(['retracted', 'retracted'])
    const files = await readdir(join(next.dir, 'preference'))
    const lines = (await readFile(join(next.dir, 'preference', files[0]!), 'utf8')).trim().split('\n')
    expect(lines).toEqual([expect.stringContaining('Case 14:')])
  })

  it('keeps no row whose texts retention has taken since, though nobody said a word', async () => {
    const rows = seed(12)
    const soon = new Date(Date.now() + 12_000).toISOString()
    rows.interactions[1]!['body_until'] = soon
    const { run, say, outDir, db } = await story(rows)
    // What is past its limit reads as nothing before a merge has taken it.
    await db.command('SYSTEM STOP TTL MERGES interactions')
    await run(HOUR)
    await say(2 * HOUR, rows.interactions[3]!['id'], { kind: 'thumb', label: 'down', author_id: 'u9' })
    await sleep(Math.max(0, Date.parse(soon) - Date.now() + 100))
    const after = await run(3 * HOUR)
    expect(after.judged).toBe(2)
    const answers = async (id: string): Promise<number> => {
      const text = await readFile(join(outDir, id, 'meta/chain.jsonl'), 'utf8')
      return text.trim().split('\n').length
    }
    // Its rows leave the chain, and are not said to be taken back.
    expect(await answers(after.export_id)).toBeLessThan(await answers(after.manifest.parent!))
    expect(after.superseded).not.toContain('retracted')
  })

  it('finds nothing of who was erased, and knows everybody else still', async () => {
    const rows = seed(24)
    const { run, say, outDir, db } = await story(rows)
    await run(HOUR)
    const folder = judgedFolder(outDir, PROJECT, ROW_KEY)
    const memory = async (): Promise<string> => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
      return (await Promise.all(files.map((path) => readFile(path, 'latin1')))).join()
    }
    const hers = rows.interactions.filter(({ user_id }) => user_id === 'u1').map(({ id }) => String(id))
    const before = await memory()
    for (const said of ['user:u1', 'Case 1:', ...hers]) expect(before).toContain(said)
    const created_at = new Date().toISOString()
    const erasure = {
      project_id: PROJECT,
      id: uuid(Date.now(), 1),
      subject_kind: 'user' as const,
      subject_hmac: 'a'.repeat(32),
      subject_key: await keyedHash(db, KEY, 'u1'),
      event_ids: [],
      target_keys: [],
      state: 'hidden' as const,
      reason: '',
      log_id: '',
      log_ends: [],
      counts: {},
      deleted_at: '2000-01-01T00:00:00.000Z',
      horizon_at: '2000-01-01T00:00:00.000Z',
      created_at,
      updated_at: created_at,
    }
    await sweepErasure(db, KEY, erasure, Date.now)
    const erase = { db, projectId: PROJECT, rowKey: ROW_KEY, erasureKey: KEY, outDir, now: () => new Date() }
    expect(await eraseFromExports(erase)).toHaveLength(1)
    const after = await memory()
    for (const said of ['user:u1', 'Case 1:', ...hers]) expect(after).not.toContain(said)
    for (const said of ['user:u2', 'Case 2:']) expect(after).toContain(said)

    // What was taken out once is not looked for again: a pass of every run leaves all of it as it is.
    await eraseFromExports(erase)
    expect(await memory()).toBe(after)
    await say(2 * HOUR, rows.interactions[9]!['id'], { kind: 'thumb', label: 'down', author_id: 'u9' })
    expect(await run(3 * HOUR)).toMatchObject({ judged: 1 })
  })

  it('is judged whole where the memory is torn', async () => {
    const rows = seed(12)
    const { run, say, outDir } = await story(rows)
    await run(2 * HOUR)
    const folder = judgedFolder(outDir, PROJECT, ROW_KEY)
    expect(existsSync(folder)).toBe(true)
    await say(3 * HOUR, rows.interactions[3]!['id'], { kind: 'thumb', label: 'up', author_id: 'u9' })
    const [name] = await readdir(folder)
    for (const block of (await readdir(join(folder, name!))).filter((each) => each.endsWith('.block'))) {
      const path = join(folder, name!, block)
      const bytes = await readFile(path)
      await writeFile(path, bytes.subarray(0, bytes.length - 1))
    }
    expect(await run(4 * HOUR)).toMatchObject({ judged: 12 })
  })
})
