import assert from 'node:assert/strict'
import type { EventLog, Slice } from '../event-log.js'
import { createSeen, joinAs } from './applier.js'
import { type Check, checkSubject } from './factory.js'
import { recordOf } from './records.js'
import { eventually } from './waiting.js'

/** Record number `n`, of one of three projects, with as many lines as its project has in its name. */
const shapeOf = (n: number) => ({ project_id: `project ${(n % 3) + 1}`, lines: (n % 3) + 1 })

/** The lines of these records by project, as a log should tell them. */
function linesOf(numbers: Iterable<number>): Record<string, number> {
  const lines: Record<string, number> = {}
  for (const n of numbers) {
    const shape = shapeOf(n)
    lines[shape.project_id] = (lines[shape.project_id] ?? 0) + shape.lines
  }
  return lines
}

async function linesThatWait(log: EventLog): Promise<Record<string, number>> {
  const { lines, incomplete } = await log.waitingLines('sink')
  assert.equal(incomplete, null)
  return Object.fromEntries(lines)
}

export const waitingChecks: readonly Check[] = [
  checkSubject('it tells whose lines wait, until they are committed and over a reopening', 2, async (subject) => {
    let log = await subject.open()
    const numbers = new Map<string, number>()
    for (let n = 0; n < 12; n++) {
      const { partition, offset } = await log.append(recordOf(n, shapeOf(n)))
      numbers.set(`${partition}:${offset}`, n)
    }
    assert.deepEqual(await linesThatWait(log), linesOf(numbers.values()))
    const holding = new Map<number, Slice>()
    const member = await log.consume('sink', async (slice) => {
      holding.set(slice.partition, slice)
    })
    await eventually('a slice comes', () => holding.size > 0)
    const [slice] = [...holding.values()] as [Slice]
    const places = await log.progress('sink')
    const { committed } = places.find(({ partition }) => partition === slice.partition) as (typeof places)[number]
    await slice.assignment.commit(committed)
    numbers.delete(`${slice.partition}:${committed}`)
    assert.deepEqual(await linesThatWait(log), linesOf(numbers.values()))
    await member.stop()
    await log.close()

    log = await subject.open()
    try {
      assert.deepEqual(await linesThatWait(log), linesOf(numbers.values()))
      const seen = createSeen()
      const next = await joinAs(log, 'sink', seen)
      await eventually('11 records are committed', () => seen.committed.size === 11)
      await next.stop()
      assert.deepEqual(await linesThatWait(log), {})
    } finally {
      await log.close()
    }
  }),

  checkSubject(
    'the lines that wait are those of the places told with them, while records come and go',
    2,
    async (subject) => {
      const log = await subject.open()
      try {
        const numbers = new Map<string, number>()
        const append = async (from: number, to: number): Promise<void> => {
          for (let n = from; n < to; n++) {
            const { partition, offset } = await log.append(recordOf(n, shapeOf(n)))
            numbers.set(`${partition}:${offset}`, n)
          }
        }
        await append(0, 30)
        const answers = [await log.waitingLines('sink')]
        const member = await joinAs(log, 'sink', createSeen(), { slice_records: 3 })
        let isOver = false
        const appending = append(30, 150).finally(() => {
          isOver = true
        })
        while (!isOver || (answers.at(-1)?.lines.size ?? 0) > 0) {
          answers.push(await log.waitingLines('sink'))
          // A log that answers from memory would else never let the other side append.
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
        await appending
        await member.stop()
        for (const { partitions, lines, incomplete } of answers) {
          assert.equal(incomplete, null)
          const waiting = partitions.flatMap(({ partition, committed, end }) =>
            Array.from({ length: (end as number) - committed }, (_, at) =>
              numbers.get(`${partition}:${committed + at}`),
            ),
          )
          assert.ok(!waiting.includes(undefined), 'a place was told at which nothing was appended')
          assert.deepEqual(Object.fromEntries(lines), linesOf(waiting as number[]))
        }
      } finally {
        await log.close()
      }
    },
  ),
]
