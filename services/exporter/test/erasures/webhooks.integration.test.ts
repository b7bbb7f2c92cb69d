import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { addRecipient, type ExportRow } from '@flywheel/store'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { erasedMessage } from '../../src/erasures/erased-message.js'
import { type ExportSummary, eraseFromExports } from '../../src/index.js'
import { settled } from '../support.js'
import { MINE, type Receiver, receiver, type World, world } from './support.js'

const within = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 20_000, interval: 50 })

describe('receivers of a plan', () => {
  let the: World
  let ops: Receiver
  let made: ExportSummary

  beforeEach(async () => {
    the = await world()
    ops = await receiver()
    const exporter = await the.exporter({ webhooks: [ops.target] })
    made = await exporter.run({ project_id: MINE, plan: 'nightly' })
    await exporter.close()
    await addRecipient(the.db, {
      project_id: MINE,
      export_id: made.export_id,
      recipient: 'lab',
      note: '',
      created_at: '2026-01-01T00:00:00.000Z',
    })
    await the.withdrawConsent('u2')
  })
  afterEach(async () => {
    await ops.stop()
    await the.remove()
  })

  it('are told which export was replaced by which, which rows left and who was given them, once', async () => {
    expect(ops.told).toEqual([])
    const exporter = await the.exporter({ webhooks: [ops.target] })
    const [erased] = await exporter.withdraw(MINE)
    await within(async () => expect(await the.deliveries()).toMatchObject([{ status: 'done', attempts: 1 }]))
    const place = join(the.outDir, erased?.replaced_by ?? '')
    const list = (await readFile(join(place, 'meta/erased.jsonl'), 'utf8')).trim().split('\n')
    expect(list.length).toBeGreaterThan(2)
    expect(ops.told).toHaveLength(1)
    const { id, message } = ops.told[0]!
    expect(id).toBe(`${erased?.replaced_by}.export.erased`)
    expect(message).toMatchObject({
      type: 'export.erased',
      data: {
        project_id: MINE,
        export_id: made.export_id,
        replaced_by: erased?.replaced_by,
        rows: list.length,
        row_ids: list.map((line) => JSON.parse(line) as object),
        row_ids_path: 'meta/erased.jsonl',
        recipients: ['lab'],
      },
    })
    await expect(readFile(join(place, String(message.data['manifest'])), 'utf8')).resolves.toContain('"erasure"')
    expect(JSON.stringify(ops.told)).not.toMatch(/parcel|u2/)
    expect(await exporter.withdraw(MINE)).toEqual([])
    await exporter.close()
    expect(ops.told).toHaveLength(1)
  })

  it('are told of a withdrawal that nobody asked to be looked for', async () => {
    const other = 'a project that has no key'
    const exporter = await the.exporter({ webhooks: [ops.target] }, undefined, [other, MINE], '* * * * * *')
    await within(() => expect(ops.told).toHaveLength(1))
    expect(ops.told[0]?.message.data).toMatchObject({ export_id: made.export_id })
    await expect(readFile(join(made.dir, 'meta/chain.jsonl'), 'utf8')).rejects.toMatchObject({ code: 'ENOENT' })
    expect(exporter.errors()).toMatchObject([
      { message: expect.stringContaining(`The project ${other} does not exist`) },
    ])
    await exporter.close()
  })

  it('that are silent hold up neither the withdrawal nor the stop, and are told the same after the next start', async () => {
    ops.status = 0
    const first = await the.exporter({ webhooks: [ops.target] })
    const [erased] = await first.withdraw(MINE)
    expect(erased).toMatchObject({ outcome: 'rewritten' })
    await within(() => expect(ops.told).toHaveLength(1))
    // Answers never: the stop gives it five seconds of the minute that an attempt may take.
    await first.close()
    expect(await the.deliveries()).toMatchObject([{ status: 'failed', remains: expect.stringContaining('stopped') }])
    ops.status = 204
    const second = await the.exporter({ webhooks: [ops.target] }, { redeliver_ms: 100 })
    await within(async () => expect(await the.deliveries()).toMatchObject([{ status: 'done', remains: '' }]))
    await second.close()
    expect(ops.told).toHaveLength(2)
    expect(ops.told[1]).toEqual(ops.told[0])
  })

  it('are told of an erasure that a crash kept from being noted', async () => {
    const exporter = await the.exporter({ webhooks: [ops.target] })
    const key = { k0: '1', k1: '2' }
    const about = { db: the.db, projectId: MINE, rowKey: new Uint8Array(32), erasureKey: key, outDir: the.outDir }
    const [erased] = await eraseFromExports({ ...about, now: () => new Date() })
    expect(await the.deliveries()).toEqual([])
    expect(await exporter.withdraw(MINE)).toEqual([])
    await within(() => expect(ops.told).toHaveLength(1))
    expect(ops.told[0]?.message.data['replaced_by']).toBe(erased?.replaced_by)
    await exporter.close()
  })

  it('that ask to be left alone are, and the receipt says so', async () => {
    ops.status = 410
    const exporter = await the.exporter({ webhooks: [ops.target] }, { recheck_ms: 0 })
    await exporter.withdraw(MINE)
    const gone = [{ status: 'by_hand', remains: 'ops asks for no more messages (410)', attempts: 1 }]
    await within(async () => expect(await the.deliveries()).toMatchObject(gone))
    await exporter.withdraw(MINE)
    await exporter.close()
    expect([ops.told.length, await the.deliveries()]).toEqual([1, [expect.objectContaining(gone[0]!)]])
  })

  it('that no plan has any more are named for a person, and told by themselves once one has them again', async () => {
    const told = { ...ops.target, events: ['export.published', 'export.erased'] as const }
    const before = await the.exporter({ recipe: { ...settled, name: 'other' }, webhooks: [told] })
    await before.run({ project_id: MINE, plan: 'nightly' })
    await before.close()
    expect(ops.told.map(({ message }) => message.type).sort()).toEqual(['export.erased', 'export.published'])
    const bare = await the.exporter({ name: 'weekly' }, { redeliver_ms: 50, recheck_ms: 0 })
    await bare.withdraw(MINE)
    const noted = async () => (await the.deliveries()).filter(({ status }) => status !== 'done')
    const left = [{ status: 'by_hand', remains: expect.stringContaining('no plan has a webhook ops'), attempts: 0 }]
    await within(async () => expect(await noted()).toMatchObject(left))
    const [row] = await noted()
    await setTimeout(300)
    await bare.close()
    expect(await noted()).toEqual([row])
    const renamed = await the.exporter({ name: 'weekly', webhooks: [told] }, { redeliver_ms: 50, recheck_ms: 0 })
    await within(() => expect(ops.told).toHaveLength(3))
    expect(ops.told[2]?.message).toMatchObject({ type: 'export.erased', data: { export_id: row?.export_id } })
    await renamed.close()
    expect(await noted()).toEqual([])
  })

  it('that ask for other events alone, or are of another plan, hear nothing', async () => {
    const other = { ...ops.target, events: ['export.published'] as const }
    const exporter = await the.exporter({ webhooks: [other] })
    expect(await exporter.withdraw(MINE)).toHaveLength(1)
    await exporter.close()
    const another = await the.exporter({ name: 'weekly', webhooks: [ops.target] })
    await another.withdraw(MINE)
    await another.close()
    expect([await the.deliveries(), ops.told]).toEqual([[], []])
  })
})

it('a bucket that only plans of other projects copy to gets nothing of this one', async () => {
  const the = await world()
  const where = { bucket: 'theirs', prefix: '', region: 'us-east-1', endpoint: 'http://127.0.0.1:9' }
  const limits = { force_path_style: true, part_bytes: 5_242_880, timeout_ms: 200, deadline_ms: 1000 }
  const theirs = { projects: ['another'], destinations: [{ kind: 's3' as const, name: 'x', ...where, ...limits }] }
  const mine = await the.exporter({})
  const { export_id } = await mine.run({ project_id: MINE, plan: 'nightly' })
  await mine.close()
  const recipient = `s3://theirs/${export_id}/`
  await addRecipient(the.db, { project_id: MINE, export_id, recipient, note: '', created_at: new Date().toISOString() })
  await the.withdrawConsent('u2')
  const exporter = await the.exporter(theirs)
  await exporter.withdraw(MINE)
  await within(async () =>
    expect(await the.deliveries()).toMatchObject([
      { name: recipient, status: 'by_hand', remains: expect.stringContaining('no destination of a plan') },
    ]),
  )
  await exporter.close()
  await the.remove()
})

it('a message names at most 100 rows itself, and the file that lists all of them', async () => {
  const outDir = await mkdtemp(join(tmpdir(), 'flywheel-erased-'))
  const next = { id: 'b', manifest_sha256: '0', summary: '{}' } as ExportRow
  const told = async (rows: number) => {
    const list = Array.from({ length: rows }, (_, n) => ({ row_id: `r${n}`, reason: 'erased' }))
    await mkdir(join(outDir, 'b/meta'), { recursive: true })
    await writeFile(join(outDir, 'b/meta/erased.jsonl'), list.map((line) => `${JSON.stringify(line)}\n`).join(''))
    return erasedMessage(outDir, { project_id: 'p', id: 'a', summary: '{}' } as ExportRow, next, [])
  }
  expect((await told(100)).row_ids).toHaveLength(100)
  expect(await told(101)).toMatchObject({ rows: 101, row_ids: null, row_ids_path: 'meta/erased.jsonl' })
  await rm(outDir, { recursive: true })
})
