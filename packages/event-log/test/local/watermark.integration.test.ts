import type { LocalLog, PositionedRecord, Slice } from '@flywheel/event-log'
import { openLocalLog } from '@flywheel/event-log'
import { expect, it } from 'vitest'
import { createSeen, joinAs, keyOf } from '../../src/conformance/applier.js'
import { recordOf } from '../../src/conformance/records.js'
import { eventually } from '../../src/conformance/waiting.js'
import { inFolder, withLog } from './temporary.js'

const RUNS = Number(process.env['FLYWHEEL_TEST_RUNS'] ?? 12)
const STEPS = 40

/** Numbers from 0 to below `n`, the same ones for the same seed. */
function createDice(seed: number): (n: number) => number {
  let state = seed >>> 0
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

interface Asked {
  watermark: string
  /** Records that were committed, and how many had been appended, when it was asked for. */
  committed: Set<string>
  appended: number
}

/** A sink that commits as many records as it is told to and then hangs, as one whose store is down. */
async function commitSome(log: LocalLog, most: number): Promise<void> {
  let left = most
  let isDone = (): void => {}
  const done = new Promise<void>((resolve) => {
    isDone = resolve
  })
  const member = await log.consume('sink', async (slice: Slice) => {
    const last = Math.min(slice.last, slice.first + left - 1)
    if (last >= slice.first) await slice.assignment.commit(last)
    left -= Math.max(0, last - slice.first + 1)
    if (left <= 0 || (await log.backlog('sink')).records === 0) isDone()
    if (last < slice.last) throw new Error('the store is down')
  })
  if ((await log.backlog('sink')).records > 0) await done
  await member.stop()
}

async function committedOf(log: LocalLog): Promise<Set<string>> {
  const places = await log.progress('sink')
  return new Set(
    places.flatMap(({ partition, committed }) =>
      Array.from({ length: committed }, (_, offset) => `${partition}:${offset}`),
    ),
  )
}

/** Random appends by several collectors, commits, clock steps, restarts and replays; every watermark is noted. */
async function play(
  path: string,
  seed: number,
): Promise<{ asked: Asked[]; order: string[]; records: PositionedRecord[] }> {
  const dice = createDice(seed)
  let now = Date.UTC(2026, 5, 1)
  const partitions = 1 + dice(4)
  const open = () => openLocalLog({ path, partitions, clock: () => now })
  let log = await open()
  // Holds every record back from deletion, to read them all in the end.
  await (await log.consume('audit', async () => {})).stop()
  const asked: Asked[] = []
  const order: string[] = []
  const ask = async (): Promise<void> => {
    const committed = await committedOf(log)
    asked.push({ watermark: await log.watermark('sink'), committed, appended: order.length })
  }
  let n = 0
  for (let step = 0; step < STEPS; step++) {
    const what = dice(10)
    if (what < 4) {
      // Several collectors at once, each with its own delay between the stamp and the append.
      const records = Array.from({ length: 1 + dice(4) }, () => {
        const record = recordOf(n++)
        record.header.received_at = new Date(now - dice(3_000)).toISOString()
        return record
      })
      const appends = records.map((record) => log.append(record))
      if (dice(2) === 0) await ask()
      for (const { partition, offset } of await Promise.all(appends)) order.push(`${partition}:${offset}`)
    } else if (what === 4) now -= dice(5_000)
    else if (what === 5) now += dice(20_000)
    else if (what === 6) {
      await log.close()
      if (dice(2) === 0) now -= dice(60_000)
      log = await open()
    } else if (what === 7) await commitSome(log, 1 + dice(6))
    await ask()
  }
  const audit = createSeen()
  const member = await joinAs(log, 'audit', audit)
  await eventually('everything is read', () => audit.committed.size === order.length)
  await member.stop()
  await log.close()
  return { asked, order, records: [...audit.committed.values()] }
}

it(`a watermark never goes back and never becomes untrue, in ${RUNS} random histories with restarts and clock steps`, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    await inFolder(async (path) => {
      const { asked, order, records } = await play(path, seed)
      expect(records.length, `seed ${seed}`).toBe(order.length)
      const receivedAt = new Map(records.map((record) => [keyOf(record), record.header.received_at]))
      let newest = ''
      for (const [at, { watermark, committed, appended }] of asked.entries()) {
        expect(watermark >= newest, `seed ${seed}: answer ${at} went from ${newest} to ${watermark}`).toBe(true)
        newest = watermark
        for (const [index, place] of order.entries()) {
          const isBehind = (receivedAt.get(place) as string) <= watermark
          // What was under way when it was asked for is one of those appended later.
          if (isBehind && (index >= appended || !committed.has(place))) {
            expect.fail(`seed ${seed}: ${place} of ${receivedAt.get(place)} is behind answer ${at}, ${watermark}`)
          }
        }
      }
    })
  }
}, 120_000)

it('a watermark outlives a restart after which the clock is an hour behind', () =>
  inFolder(async (path) => {
    const now = Date.UTC(2026, 5, 1)
    const before = await withLog({ path, clock: () => now }, (log) => log.watermark('sink'))
    await withLog({ path, clock: () => now - 3_600_000 }, async (log) => {
      expect(await log.watermark('sink')).toBe(before)
      const record = recordOf(0)
      record.header.received_at = new Date(now - 3_600_000).toISOString()
      await log.append(record)
      const seen = createSeen()
      const member = await joinAs(log, 'sink', seen)
      await eventually('the record comes', () => seen.committed.size === 1)
      await member.stop()
      expect((seen.delivered[0]?.header.received_at as string) > before).toBe(true)
    })
  }))
