import { describe, expect, it } from 'vitest'
import { type ReadRecords, WaitingCounts } from '../src/waiting-counts.js'

/** A partition that begins at `start`: the record at an offset is of project `a` or `b` in turn, with a line each. */
function partitionFrom(start: number): { asked: number[]; read: ReadRecords } {
  const asked: number[] = []
  const line = { type: 'interaction', id: 'i', trust: 'server' } as const
  return {
    asked,
    async read(_partition, offset, end) {
      asked.push(offset)
      const first = Math.max(start, offset)
      return Array.from({ length: Math.max(0, Math.min(2, end - first)) }, (_, at) => ({
        offset: first + at,
        header: { project_id: (first + at) % 2 === 0 ? 'a' : 'b', lines: [line] },
      }))
    },
  }
}

const at = (committed: number, end: number | null) => [{ partition: 0, committed, end }]

describe('whose lines wait', () => {
  it('reads every record once, and forgets what is committed', async () => {
    const counts = new WaitingCounts()
    const { asked, read } = partitionFrom(0)
    await counts.read(at(0, 4), read)
    expect(counts.of(at(0, 4))).toEqual({
      lines: new Map([
        ['a', 2],
        ['b', 2],
      ]),
      uncounted: 0,
    })
    await counts.read(at(1, 6), read)
    expect(counts.of(at(1, 6))).toEqual({
      lines: new Map([
        ['a', 2],
        ['b', 3],
      ]),
      uncounted: 0,
    })
    expect(asked).toEqual([0, 2, 4])
    await counts.read(at(6, 6), read)
    expect(counts.of(at(6, 6))).toEqual({ lines: new Map(), uncounted: 0 })
  })

  it('reads again from where a group was set back to', async () => {
    const counts = new WaitingCounts()
    const { asked, read } = partitionFrom(0)
    await counts.read(at(4, 6), read)
    await counts.read(at(0, 6), read)
    expect(counts.of(at(0, 6))).toEqual({
      lines: new Map([
        ['a', 3],
        ['b', 3],
      ]),
      uncounted: 0,
    })
    expect(asked).toEqual([4, 0, 2, 4])
  })

  it('says of how many records it cannot tell once it remembers as many as it may, and tells of them later', async () => {
    const counts = new WaitingCounts({ most_records: 4 })
    const { read } = partitionFrom(0)
    await counts.read(at(0, 9), read)
    expect(counts.of(at(0, 9))).toEqual({
      lines: new Map([
        ['a', 2],
        ['b', 2],
      ]),
      uncounted: 5,
    })
    await counts.read(at(6, 9), read)
    expect(counts.of(at(6, 9))).toEqual({
      lines: new Map([
        ['a', 2],
        ['b', 1],
      ]),
      uncounted: 0,
    })
  })

  it('stops reading when its time is over, and goes on with the next call', async () => {
    const counts = new WaitingCounts({ read_ms: 0 })
    const { asked, read } = partitionFrom(0)
    const slow: ReadRecords = async (...of) => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      return read(...of)
    }
    for (let call = 0; call < 200 && counts.of(at(0, 6)).uncounted > 0; call++) {
      const before = asked.length
      await counts.read(at(0, 6), slow)
      expect(asked.length - before).toBeLessThanOrEqual(1)
    }
    expect(counts.of(at(0, 6))).toEqual({
      lines: new Map([
        ['a', 3],
        ['b', 3],
      ]),
      uncounted: 0,
    })
  })

  it('does not take for counted what was gone before it was read', async () => {
    const counts = new WaitingCounts()
    await counts.read(at(0, 8), partitionFrom(5).read)
    expect(counts.of(at(0, 8)).uncounted).toBe(5)
    expect(counts.of(at(5, 8))).toEqual({
      lines: new Map([
        ['a', 1],
        ['b', 2],
      ]),
      uncounted: 0,
    })
  })

  it('counts nothing where a partition cannot be read', async () => {
    const counts = new WaitingCounts()
    const { asked, read } = partitionFrom(0)
    await counts.read(at(3, null), read)
    expect(counts.of(at(3, null))).toEqual({ lines: new Map(), uncounted: 0 })
    expect(asked).toEqual([])
  })
})
