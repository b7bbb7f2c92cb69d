import type { Facts, RowSets } from '@flywheel/curation'
import {
  CodeColumn,
  type Column,
  CountColumn,
  ListColumn,
  NullableTextColumn,
  NumberColumn,
  TextColumn,
} from './fact-columns.js'

type Named = Exclude<keyof Facts, 'sets'>
type Columns = { [Name in Named]: Column<Facts[Name]> }

function createColumns(): Columns {
  return {
    row_id: new TextColumn(),
    strategy: new CodeColumn(),
    precedence: new CodeColumn(),
    shape: new CodeColumn(),
    prior: new CodeColumn(),
    prior_source: new CodeColumn(),
    weight: new CodeColumn(),
    weight_share: new CodeColumn(),
    label: new CodeColumn(),
    edit_distance: new NumberColumn(null),
    time: new NumberColumn(),
    feedback: new TextColumn(),
    interaction: new TextColumn(),
    rejected_answer: new NullableTextColumn(),
    content: new TextColumn(),
    unsigned: new TextColumn(),
    members: new ListColumn(),
    prompt_cluster: new TextColumn(),
    prompt_chars: new CountColumn(),
    chosen_chars: new CountColumn(),
    rejected_chars: new CountColumn(null),
    model: new CodeColumn(),
    provider: new CodeColumn(),
    chosen_provider: new CodeColumn(),
    language: new CodeColumn(),
    task: new CodeColumn(),
    surface: new CodeColumn(),
    chosen_by: new CodeColumn(),
    age_ms: new NumberColumn(),
    prompt_shingles: new CountColumn(),
    system_hash: new TextColumn(),
    question_shingles: new CountColumn(),
    information: new NumberColumn(),
    expertise: new CodeColumn(),
    evaluation_set: new CodeColumn(),
    near_duplicates: new TextColumn(),
    is_reserved: new CodeColumn(),
    split: new CodeColumn(),
    cluster: new TextColumn(),
    component: new TextColumn(),
    place: new CountColumn(undefined),
  }
}

/** One row of a table: a name for its place, which reads and writes the table's columns. */
class TableRow {
  readonly columns: Columns
  readonly setsOf: (row: number) => RowSets
  readonly row: number

  constructor(columns: Columns, setsOf: (row: number) => RowSets, row: number) {
    this.columns = columns
    this.setsOf = setsOf
    this.row = row
  }

  get sets(): RowSets {
    return this.setsOf(this.row)
  }
}

/** Facts of a row, but for its sets. */
export const FACT_NAMES: readonly Named[] = Object.keys(createColumns()) as Named[]

for (const name of FACT_NAMES) {
  Object.defineProperty(TableRow.prototype, name, {
    get(this: TableRow) {
      return this.columns[name].at(this.row)
    },
    set(this: TableRow, value: never) {
      this.columns[name].set(this.row, value)
    },
  })
}

/**
 * Facts of many rows, a column each, outside the collector's heap: about 1 kB a row, where objects take 1.4 kB and more
 * as the gates write to them, and must be walked by every collection. Each look at a text makes it anew.
 */
export class FactsTable {
  readonly #columns = createColumns()
  readonly #setsOf: (row: number) => RowSets
  #length = 0

  /** @param setsOf the sets of a row, by the order in which rows were added */
  constructor(setsOf: (row: number) => RowSets) {
    this.#setsOf = setsOf
  }

  /**
   * Takes a copy of facts but for their sets. The answer stands for them: what is written to it is in the table. It has
   * no properties of its own to be spread or cloned.
   */
  add(facts: Omit<Facts, 'sets'>): Facts {
    const row = this.#length++
    for (const name of FACT_NAMES) this.#columns[name].set(row, facts[name] as never)
    // Its properties are those of the columns, of which there is one for each of the facts.
    return new TableRow(this.#columns, this.#setsOf, row) as unknown as Facts
  }
}
