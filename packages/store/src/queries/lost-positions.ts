import type { Database } from '../database.js'
import type { LogProgress, LostPositions } from './accounting-answer.js'
import { ACCOUNTING_LIMITS } from './accounting-scope.js'

interface Span {
  log_id: string
  partition: number
  /** Every position below it must have a receipt. */
  expected: number
}

/** Positions that are looked at at once; a multiple of what a bitmap packs together. */
const CHUNK = 65_536
const MOST_RANGES = 20

/**
 * Holes: committed positions without a receipt. A record is of one project, but a lost one cannot say of which. Of a log
 * that is not in use any more, whose boundary nobody knows, every position below its last receipt counts.
 */
export async function lostPositions(
  db: Database,
  log: readonly LogProgress[],
): Promise<{ count: number; ranges: LostPositions[] }> {
  const inUse = log.map((each): Span => ({ ...each, expected: each.committed }))
  const known = await db.query<Span>(
    'SELECT log_id, partition, toFloat64(max(position) + 1) AS expected FROM receipts GROUP BY log_id, partition',
    {},
    ACCOUNTING_LIMITS,
  )
  const over = known.filter(({ log_id }) => !log.some((each) => each.log_id === log_id))
  const result = { count: 0, ranges: [] as LostPositions[] }
  for (const span of [...inUse, ...over]) {
    const lost = span.expected - (await receipted(db, span))
    result.count += lost
    if (lost > 0) result.ranges.push(...(await rangesOf(db, span, MOST_RANGES - result.ranges.length)))
  }
  return result
}

const OF_SPAN = 'log_id = {log:String} AND partition = {partition:UInt32} AND position < {expected:UInt64}'

/** Different positions, in a bitmap that holds a run of them in a few bytes. */
async function receipted(db: Database, { log_id, partition, expected }: Span): Promise<number> {
  const [row] = await db.query<{ positions: number }>(
    `SELECT toFloat64(groupBitmap(position)) AS positions FROM receipts WHERE ${OF_SPAN}`,
    { log: log_id, partition, expected },
    ACCOUNTING_LIMITS,
  )
  return row?.positions ?? 0
}

async function rangesOf(db: Database, span: Span, most: number): Promise<LostPositions[]> {
  const params = { log: span.log_id, partition: span.partition, expected: span.expected }
  const chunks = await db.query<{ chunk: number; positions: number }>(
    `SELECT toFloat64(intDiv(position, ${CHUNK})) AS chunk, toFloat64(groupBitmap(position)) AS positions
     FROM receipts WHERE ${OF_SPAN} GROUP BY chunk`,
    params,
    ACCOUNTING_LIMITS,
  )
  const held = new Map(chunks.map(({ chunk, positions }) => [chunk, positions]))
  const ranges: LostPositions[] = []
  const add = (first: number, last: number): void => {
    const before = ranges.at(-1)
    if (before?.last === first - 1) before.last = last
    else ranges.push({ log_id: span.log_id, partition: span.partition, first, last })
  }
  for (let first = 0; first < span.expected && ranges.length <= most; first += CHUNK) {
    const end = Math.min(first + CHUNK, span.expected)
    const positions = held.get(first / CHUNK) ?? 0
    if (positions === end - first) continue
    if (positions === 0) {
      add(first, end - 1)
      continue
    }
    const rows = await db.query<{ position: number }>(
      `SELECT DISTINCT toFloat64(position) AS position FROM receipts
       WHERE ${OF_SPAN} AND position >= {first:UInt64} AND position < {end:UInt64} ORDER BY position`,
      { ...params, first, end },
      ACCOUNTING_LIMITS,
    )
    let next = first
    for (const position of [...rows.map((row) => row.position), end]) {
      if (position > next) add(next, position - 1)
      next = position + 1
    }
  }
  return ranges.slice(0, most)
}
