import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { eraseUser, filesOf, type Seed, seed } from '../support.js'
import { DAY, HOUR, type Made, story } from './story.js'

const corrections = (rows: Seed) => rows.feedback.filter(({ kind }) => kind === 'correction')

describe('a delta', { timeout: 60_000 }, () => {
  it('judges what was told since and who withdrew since, and nothing else', async () => {
    const rows = seed(24)
    const { run, say, withdraw } = await story(rows)
    expect(await run(HOUR)).toMatchObject({ judged: 24 })
    await say(2 * HOUR, rows.interactions[4]!['id'], { kind: 'thumb', label: 'down', author_id: 'u4' })
    await say(2 * HOUR, rows.interactions[6]!['id'], { kind: 'thumb', label: 'up', author_id: 'u9' })
    const told = await run(3 * HOUR)
    expect(told).toMatchObject({ judged: 2 })
    expect(told.superseded).not.toEqual([])
    await withdraw(4 * HOUR, 'u2')
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
    for (const row of rows.feedback.filter(({ kind }) => kind === 'thumb')) {
      Object.assign(row, { kind: 'verdict', label: row['label'] === 'up' ? 'accept' : 'reject' })
    }
    const { run, say } = await story(rows, { evidence: { recalibrate_from: 10 } })
    await run(HOUR, { unitBytes: 1_000_000 })
    for (let n = 0; n < 36; n += 3) {
      const { label } = rows.feedback[n]!
      await say(2 * HOUR, rows.interactions[n]!['id'], { kind: 'verdict', label, author_id: 'u9' })
    }
    const weighed = await run(3 * HOUR)
    expect(weighed.judged).toBe(12)
    const { recalibration } = weighed.manifest.strategies.find(({ strategy }) => strategy === 'sft.accept')!
    expect(recalibration?.prior).toBeGreaterThan(0.9)
    // Of four accepted answers nothing was said since: their rows have the weight that all have now.
    expect(weighed.superseded.filter((reason) => reason === 'changed').length).toBeGreaterThanOrEqual(4)
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
    await run(HOUR, { unitBytes: 1_000_000 })
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
    const { run, say, db, memory, erase } = await story(rows)
    await run(HOUR)
    const hers = rows.interactions.filter(({ user_id }) => user_id === 'u1').map(({ id }) => String(id))
    const before = await memory()
    for (const said of ['user:u1', 'Case 1:', ...hers]) expect(before).toContain(said)
    await eraseUser(db, 'u1')
    expect(await erase()).toHaveLength(1)
    const after = await memory()
    for (const said of ['user:u1', 'Case 1:', ...hers]) expect(after).not.toContain(said)
    for (const said of ['user:u2', 'Case 2:']) expect(after).toContain(said)

    // What was taken out once is not looked for again: a pass of every run leaves all of it as it is.
    await erase()
    expect(await memory()).toBe(after)
    await say(2 * HOUR, rows.interactions[9]!['id'], { kind: 'thumb', label: 'down', author_id: 'u9' })
    expect(await run(3 * HOUR)).toMatchObject({ judged: 1 })
  })

  it('is judged whole where what was judged is cut short or its lines are not as they were', async () => {
    const rows = seed(12)
    const { run, say, files } = await story(rows)
    await run(2 * HOUR)
    const blocks = (await files()).filter((path) => path.endsWith('.block'))
    expect(blocks).toHaveLength(12)
    for (const [n, path] of blocks.entries()) {
      const bytes = await readFile(path)
      if (n % 2 === 0) await writeFile(path, bytes.subarray(0, bytes.length - 1))
      else await writeFile(path, bytes.fill(0, bytes.indexOf('"version"') + 12, bytes.indexOf('"version"') + 20))
    }
    await say(3 * HOUR, rows.interactions[3]!['id'], { kind: 'thumb', label: 'down', author_id: 'u9' })
    expect(await run(4 * HOUR)).toMatchObject({ judged: 12 })
  })

  it('is the same with threads, units of many components and a watermark before the last', async () => {
    const rows = seed(24)
    const { run, say } = await story(rows)
    const more = { workers: 2, unitBytes: 4000 }
    await run(HOUR, more)
    for (const [n, time] of [5, 3, 7].entries()) {
      await say((time - 1) * HOUR, rows.interactions[3 * n]!['id'], { kind: 'thumb', label: 'down', author_id: 'u9' })
      await run(time * HOUR, more)
    }
  })
})
