import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LocalLog } from '@flywheel/event-log'
import { expect, it } from 'vitest'
import { createSeen, joinAs } from '../../src/conformance/applier.js'
import { appendMany, recordOf } from '../../src/conformance/records.js'
import { eventually } from '../../src/conformance/waiting.js'
import { inFolder, withLog } from './temporary.js'

async function drain(log: LocalLog): Promise<void> {
  const member = await joinAs(log, 'sink', createSeen())
  await eventually('the log is drained', async () => (await log.backlog('sink')).records === 0)
  await member.stop()
}

/** Everything in the directory, as one text. */
function bytesIn(path: string): string {
  return readdirSync(path)
    .filter((name) => statSync(join(path, name)).isFile())
    .map((name) => readFileSync(join(path, name)).toString('latin1'))
    .join('\n')
}

function sizeOf(path: string): number {
  return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
}

it('the log id is random, and kept; partitions can grow and never shrink', () =>
  inFolder(async (path) => {
    const id = await withLog({ path }, async (log) => {
      expect(log.partitions).toBe(1)
      await appendMany(log, 5)
      return log.log_id
    })
    await withLog({ path, partitions: 3 }, async (log) => {
      expect(log).toMatchObject({ log_id: id, partitions: 3 })
      await appendMany(log, 6)
      await drain(log)
    })
    await withLog({ path }, async (log) => {
      expect(log.partitions).toBe(3)
      expect((await log.progress('sink')).map(({ committed }) => committed)).toEqual([7, 2, 2])
    })
    await expect(withLog({ path, partitions: 2 }, async () => {})).rejects.toMatchObject({ code: 'invalid_config' })
    await inFolder((other) => withLog({ path: other }, async (log) => expect(log.log_id).not.toBe(id)))
  }))

it('appends beyond max_bytes are refused until the group has committed, also after reopening', () =>
  inFolder(async (path) => {
    const options = { path, max_bytes: 500_000 }
    await withLog(options, async (log) => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) => log.append(recordOf(n, { bytes: 50_000 }))),
      )
      const refusals = outcomes.filter((outcome) => outcome.status === 'rejected')
      expect(refusals.length).toBeGreaterThanOrEqual(11)
      for (const { reason } of refusals) expect(reason).toMatchObject({ code: 'backlog_full', isRetryable: true })
      expect((await log.backlog('sink')).records).toBe(20 - refusals.length)
    })
    await withLog(options, async (log) => {
      await expect(log.append(recordOf(20, { bytes: 50_000 }))).rejects.toMatchObject({ code: 'backlog_full' })
      await drain(log)
      await log.append(recordOf(21, { bytes: 50_000 }))
    })
  }))

it('appends that would leave less than min_free_bytes are refused', () =>
  inFolder((path) =>
    withLog({ path, min_free_bytes: Number.MAX_SAFE_INTEGER }, async (log) => {
      await expect(log.append(recordOf(0))).rejects.toMatchObject({ code: 'backlog_full', isRetryable: true })
      expect((await log.backlog('sink')).records).toBe(0)
    }),
  ))

it('a failed write rejects as log_unavailable, leaves no gap and loses nothing acknowledged; the log goes on', () =>
  inFolder(async (path) => {
    const child = fileURLToPath(new URL('./full-disk-child.ts', import.meta.url))
    const node = `exec "${process.execPath}" --conditions=@flywheel/source --import tsx "${child}" "${path}"`
    // bash counts in KiB: the file may grow to 2 MB, the appends want 6.
    const output = execFileSync('bash', ['-c', `ulimit -f 2000; ${node}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const said = JSON.parse(output.trim().split('\n').at(-1) as string) as Record<
      'accepted' | 'codes' | 'stored' | 'gaps',
      string[]
    >
    expect(said.codes).toEqual(['log_unavailable'])
    expect(said.gaps).toEqual([])
    expect(said.accepted.length).toBeGreaterThan(5)
    expect(said.accepted.length).toBeLessThan(120)
    expect(said.accepted.some((place) => place.endsWith(':209'))).toBe(true)
    expect(said.accepted.filter((place) => !said.stored.includes(place))).toEqual([])
  }))

for (const bytes of [300, 1_900, 50_000]) {
  it(`after a commit and compact() the bytes of a record of ${bytes} are in no file of the log`, () =>
    inFolder((path) =>
      withLog({ path }, async (log) => {
        const withText = (n: number, text: string) => {
          const record = recordOf(n, { bytes })
          return {
            header: { ...record.header, project_id: text },
            body: Buffer.concat([record.body, Buffer.from(text)]),
          }
        }
        for (let n = 0; n < 30; n++) await log.append(withText(n, n < 15 ? `canary-${n}-` : `kept-${n}-`))
        let isHalfDone = false
        const member = await log.consume(
          'sink',
          async ({ assignment, last }) => {
            if (!isHalfDone) await assignment.commit(last)
            isHalfDone = true
          },
          { slice_records: 15 },
        )
        await eventually('half is committed', async () => (await log.backlog('sink')).records === 15)
        await member.stop()
        // Proves that the search finds what is there: deleting alone leaves the bytes in the file.
        expect(bytesIn(path).includes('kept-20-')).toBe(true)
        expect(bytesIn(path).includes('canary-')).toBe(true)
        const id = log.log_id
        const appends = appendMany(log, 20, { from: 100 })
        await log.compact()
        await appends
        expect(bytesIn(path).includes('canary-')).toBe(false)
        expect(bytesIn(path).includes('kept-20-')).toBe(true)
        expect(log.log_id).toBe(id)
        await drain(log)
        expect((await log.progress('sink'))[0]).toEqual({ partition: 0, committed: 50, end: 50 })
      }),
    ))
}

it('reading goes on while the log is compacted, and reopening finds everything', () =>
  inFolder(async (path) => {
    const seen = createSeen()
    await withLog({ path, partitions: 2 }, async (log) => {
      const member = await joinAs(log, 'sink', seen, { slice_records: 4 })
      for (let round = 0; round < 5; round++) {
        const appends = appendMany(log, 100, { from: round * 100, shape: { bytes: 5_000 } })
        await log.compact()
        await appends
      }
      await eventually('everything is committed', () => seen.committed.size === 500)
      await member.stop()
      await appendMany(log, 10, { from: 500 })
      await log.compact()
    })
    expect(seen.violations).toEqual([])
    // What a crash between two steps of a compaction may leave.
    writeFileSync(join(path, 'copy.tmp'), 'half a copy')
    await withLog({ path }, async (log) => {
      expect((await log.backlog('sink')).records).toBe(10)
      expect(readdirSync(path).filter((name) => name.endsWith('.mdb'))).toHaveLength(1)
      expect(readdirSync(path)).not.toContain('copy.tmp')
    })
  }))

it('committed space is used again: many times its content passes through a file that stays small', () =>
  inFolder((path) =>
    withLog({ path }, async (log) => {
      const sizes: number[] = []
      for (let round = 0; round < 12; round++) {
        await appendMany(log, 40, { from: round * 40, shape: { bytes: 50_000 } })
        await drain(log)
        sizes.push(sizeOf(path))
      }
      // 24 MB went through; one round is 2 MB.
      expect(Math.max(...sizes)).toBeLessThan(8_000_000)
    }),
  ))
