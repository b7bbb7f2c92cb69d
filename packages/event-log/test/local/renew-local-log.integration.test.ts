import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { renewLocalLog } from '@flywheel/event-log'
import { expect, it } from 'vitest'
import { createSeen, joinAs, numbersIn } from '../../src/conformance/applier.js'
import { appendMany } from '../../src/conformance/records.js'
import { eventually } from '../../src/conformance/waiting.js'
import { inFolder, withLog } from './temporary.js'

it('a copy of a running log has what was acknowledged, and renewed it has a new id and begins at 0', () =>
  inFolder(async (folder) => {
    const [path, copy, renewed] = ['log', 'copy', 'renewed'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const now = Date.now()
    const before = await withLog({ path, partitions: 3 }, async (log) => {
      const seen = createSeen()
      const member = await joinAs(log, 'sink', seen)
      await appendMany(log, 30)
      await eventually('30 records are committed', () => seen.committed.size === 30)
      await member.stop()
      await appendMany(log, 20, { from: 30, shape: { lines: 2, bytes: 3_000 } })
      mkdirSync(copy)
      const watermark = await log.watermark('sink')
      const more = appendMany(log, 10, { from: 50 })
      await log.copyTo(copy)
      await more
      return { log_id: log.log_id, watermark }
    })

    const made = await renewLocalLog(copy, renewed)
    expect(made.log_id).not.toBe(before.log_id)
    await withLog({ path: renewed, clock: () => now - 60_000 }, async (log) => {
      expect([log.log_id, log.partitions]).toEqual([made.log_id, 3])
      const { records, lines } = await log.backlog('sink')
      expect(records).toBe(made.records)
      expect(lines).toBeGreaterThanOrEqual(40)
      expect((await log.progress('sink')).map(({ committed }) => committed)).toEqual([0, 0, 0])
      expect((await log.watermark('sink')) >= before.watermark).toBe(true)
      const seen = createSeen()
      const member = await joinAs(log, 'sink', seen)
      await eventually('all are committed', () => seen.committed.size === records)
      await member.stop()
      expect(seen.violations).toEqual([])
      const numbers = numbersIn(seen.committed.values())
      for (let n = 30; n < 50; n++) expect(numbers).toContain(n)
      expect([...numbers].some((n) => n < 30)).toBe(false)
      expect(await log.backlog('sink')).toEqual({ records: 0, lines: 0, bytes: 0, oldest_ms: 0 })
    })
  }))

it('a folder without a log is refused', () =>
  inFolder(async (folder) => {
    await expect(renewLocalLog(folder, join(folder, 'renewed'))).rejects.toMatchObject({ code: 'invalid_config' })
  }))
