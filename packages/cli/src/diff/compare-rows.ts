import { HASH_CHARS, type SetRow } from './set-rows.js'

/** How a row of one set stands to the other: it may have both changed and moved. */
export interface RowChange {
  change: 'added' | 'gone' | 'changed' | 'moved' | 'reweighted'
  row_id: string
  shape: string
  strategy: string
  /** Split in the first set; null where it is not there. */
  from: string | null
  /** Split in the second; null where it is not there. */
  to: string | null
  /** Columns whose content differs, of a changed row. */
  columns: string[]
}

/** Rows of one shape and strategy, counted. */
export interface GroupCount {
  shape: string
  strategy: string
  a: number
  b: number
  added: number
  gone: number
  changed: number
  moved: number
  reweighted: number
}

/** What differs between the rows of two sets. */
export interface RowsCompared {
  /** Rows of both with the same content in the same split. */
  same: number
  groups: GroupCount[]
  moves: { from: string; to: string; rows: number }[]
  /** How many changed rows differ in a column. */
  columns: Record<string, number>
  /** Rows of both whose content stands in files of different trainers and was not compared. */
  not_compared: number
}

function byColumn({ columns, hashes }: SetRow): Map<string, string> {
  const names = columns.split(' ')
  return new Map(names.map((name, n) => [name, hashes.slice(n * HASH_CHARS, (n + 1) * HASH_CHARS)]))
}

function columnsThatDiffer(a: SetRow, b: SetRow): string[] {
  const same = a.columns === b.columns && a.hashes === b.hashes
  if (same || a.part !== b.part) return a.strategy === b.strategy ? [] : ['strategy']
  const [before, after] = [byColumn(a), byColumn(b)]
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  const differing = names.filter((name) => before.get(name) !== after.get(name))
  return a.strategy === b.strategy ? differing : [...differing, 'strategy']
}

/**
 * Compares the rows of two sets by row id and shape. Holds ids and short hashes, no text, and passes every row that is
 * not the same in both to `onChange`: a row that changed and moved comes twice. A row written several times in a set
 * (`weights: resample`) counts once.
 */
export async function compareRows(
  a: AsyncIterable<SetRow>,
  b: AsyncIterable<SetRow>,
  onChange: (change: RowChange) => void,
): Promise<RowsCompared> {
  // By shape and then by row id, so that the id is held once; null once the second set has shown the row.
  const first = new Map<string, Map<string, SetRow | null>>()
  const ofShape = (shape: string): Map<string, SetRow | null> => {
    const known = first.get(shape) ?? new Map<string, SetRow | null>()
    first.set(shape, known)
    return known
  }
  for await (const row of a) ofShape(row.shape).set(row.row_id, row)
  const groups = new Map<string, GroupCount>()
  const group = ({ shape, strategy }: SetRow): GroupCount => {
    const key = `${shape} ${strategy}`
    const none = { a: 0, b: 0, added: 0, gone: 0, changed: 0, moved: 0, reweighted: 0 }
    const known = groups.get(key) ?? { shape, strategy, ...none }
    groups.set(key, known)
    return known
  }
  const left = (): SetRow[] => [...first.values()].flatMap((rows) => [...rows.values()].filter((row) => row !== null))
  for (const row of left()) group(row).a++

  const moves = new Map<string, number>()
  const columns: Record<string, number> = {}
  const result = { same: 0, not_compared: 0 }
  const tell = (change: RowChange['change'], row: SetRow, rest: Pick<RowChange, 'from' | 'to' | 'columns'>): void => {
    group(row)[change]++
    onChange({ change, row_id: row.row_id, shape: row.shape, strategy: row.strategy, ...rest })
  }
  for await (const row of b) {
    const rows = ofShape(row.shape)
    const before = rows.get(row.row_id)
    if (before === null) continue
    rows.set(row.row_id, null)
    group(row).b++
    if (before === undefined) {
      tell('added', row, { from: null, to: row.split, columns: [] })
      continue
    }
    const [from, to] = [before.split, row.split]
    const differing = columnsThatDiffer(before, row)
    if (before.part !== row.part) result.not_compared++
    for (const name of differing) columns[name] = (columns[name] ?? 0) + 1
    if (differing.length > 0) tell('changed', row, { from, to, columns: differing })
    if (from !== to) {
      moves.set(`${from} ${to}`, (moves.get(`${from} ${to}`) ?? 0) + 1)
      tell('moved', row, { from, to, columns: [] })
    }
    if (before.weight !== row.weight) tell('reweighted', row, { from, to, columns: ['weight'] })
    if (differing.length === 0 && from === to) result.same++
  }
  for (const row of left()) tell('gone', row, { from: row.split, to: null, columns: [] })
  return {
    ...result,
    groups: [...groups.values()].sort((x, y) => (keyOfGroup(x) < keyOfGroup(y) ? -1 : 1)),
    moves: [...moves].sort().map(([pair, rows]) => {
      const [from = '', to = ''] = pair.split(' ')
      return { from, to, rows }
    }),
    columns,
  }
}

const keyOfGroup = ({ shape, strategy }: GroupCount): string => `${shape} ${strategy}`
