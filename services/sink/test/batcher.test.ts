import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Batch, createBatcher } from '../src/batcher.js'
import { line, positioned, record } from './support.js'

const limits = { rows: 10, bytes: 1000, interval_ms: 250 }
const one = line('link')

function sized(offset: number, rows: number, bytes: number) {
  return positioned(offset, { ...record(Array(rows).fill(one), { inflated_bytes: bytes }), body: new Uint8Array(0) })
}

const shape = fc.record({ rows: fc.integer({ min: 1, max: 14 }), bytes: fc.integer({ min: 1, max: 1500 }) })

describe('batcher', () => {
  it('gives every record in exactly one batch, in order, without gaps, within the limits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(shape, fc.nat({ max: 200 }), fc.boolean())),
        fc.nat({ max: 50 }),
        (steps, start) => {
          const batcher = createBatcher(limits)
          const batches: Batch[] = []
          const takeDue = (now: number) => {
            while (batcher.dueIn(now) === 0) batches.push(batcher.take()!)
          }
          let now = 0
          steps.forEach(([{ rows, bytes }, pause, isPolled], k) => {
            now += pause
            batcher.push(sized(start + k, rows, bytes), now)
            if (isPolled) takeDue(now)
          })
          takeDue(now + limits.interval_ms)
          expect(batcher).toMatchObject({ isEmpty: true, rows: 0, bytes: 0 })
          let next = start
          for (const batch of batches) {
            expect(batch.first).toBe(next)
            expect(batch.records.map(({ position }) => position.offset)).toEqual(
              Array.from({ length: batch.last - batch.first + 1 }, (_, k) => batch.first + k),
            )
            const isWithin = batch.rows <= limits.rows && batch.bytes <= limits.bytes
            expect(isWithin || batch.records.length === 1).toBe(true)
            next = batch.last + 1
          }
          expect(next).toBe(start + steps.length)
        },
      ),
    )
  })

  it('is due by time for its oldest record', () => {
    const batcher = createBatcher(limits)
    expect(batcher.dueIn(0)).toBe(Number.POSITIVE_INFINITY)
    batcher.push(sized(0, 1, 1), 100)
    batcher.push(sized(1, 1, 1), 300)
    expect(batcher.dueIn(300)).toBe(50)
    expect(batcher.dueIn(350)).toBe(0)
  })

  it('is due at once by rows and by inflated bytes', () => {
    const byRows = createBatcher(limits)
    byRows.push(sized(0, 10, 1), 0)
    expect(byRows.dueIn(0)).toBe(0)
    const byBytes = createBatcher(limits)
    byBytes.push(sized(0, 1, 1000), 0)
    expect(byBytes.dueIn(0)).toBe(0)
  })

  it('throws on a gap: a commit over it would lose records', () => {
    const batcher = createBatcher(limits)
    batcher.push(sized(4, 1, 1), 0)
    expect(() => batcher.push(sized(6, 1, 1), 0)).toThrow('offset 6 came where 5 was due')
    expect(() => createBatcher(limits, { first: 3, last: 4 }).push(sized(4, 1, 1), 0)).toThrow('3 was due')
  })

  it('re-forms the range of an earlier tenant exactly, before and beyond its own limits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 30 }), shape, (first, length, size) => {
        const last = first + length - 1
        const batcher = createBatcher(limits, { first, last })
        for (let offset = first; offset <= last + 3; offset++) {
          expect(batcher.dueIn(1e9)).toBe(offset > last ? 0 : Number.POSITIVE_INFINITY)
          if (offset <= last) expect(batcher.take()).toBeNull()
          batcher.push(sized(offset, size.rows, size.bytes), 0)
        }
        expect(batcher.isRecovering).toBe(true)
        expect(batcher.take()).toMatchObject({ first, last })
        expect(batcher.isRecovering).toBe(false)
        expect(batcher.take()).toMatchObject({ first: last + 1 })
      }),
    )
  })
})
