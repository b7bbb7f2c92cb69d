import type { Shape } from '../draft.js'
import type { WeightMode } from '../recipe/weights.js'
import type { CuratedRow } from '../row.js'
import type { MessageLayout } from './message-layout.js'

/** One line of a file. */
export type TargetRecord = Record<string, unknown>

/** A column of a table, for encodings that want its type. */
export interface Column {
  name: string
  kind: 'messages' | 'string' | 'boolean' | 'number'
}

/** The columns of a file and how its messages are laid out. */
export interface Table {
  columns: readonly Column[]
  messages: MessageLayout
}

/** How one part of one target is written, decided over all of its rows, so that every shard has the same columns. */
export interface Layout extends MessageLayout {
  target: string
  part: string
  shapes: readonly Shape[]
  /** The splits whose rows are in its files. */
  splits: readonly string[]
  weights: WeightMode
  /** Rows of the set that the target cannot read as they are, by reason: left out of its files, never bent to fit. */
  left_out: Record<string, number>
}

/** What a trainer would learn from a record: each side as canonical JSON of its text and its calls. */
export interface Said {
  better?: string
  worse?: string
  label?: boolean
}

/** One family of files of a target: its records have the same columns and are loaded together. */
export interface Part {
  /** Name of the config and of the folder. */
  readonly id: string
  /** Shapes whose rows become records. */
  readonly shapes: readonly Shape[]
  /** Equal records of a split are written once. @default false */
  readonly isDistinct?: boolean
  /** Whether the first record of a file has the columns of this part. */
  isLike(first: TargetRecord): boolean
  /** Why a row has no form in this part. */
  refuses?(row: CuratedRow): string | null
  render(row: CuratedRow, layout: Layout): TargetRecord
  /** Columns for encodings with a schema; absent where the target reads JSON lines alone. */
  columns?(layout: Layout): Column[]
  /** Emulates the loader on one record: the code of what it would lose or misread. */
  check(record: TargetRecord): string | null
  /** What the loader takes for which side; only of a record that `check` passes. */
  said(record: TargetRecord): Said
}

/** A file beside the shards that the target's loader reads. */
export interface ExtraFile {
  path: string
  text: string
}

/** A shard, as the writer of extra files and load lines sees it. */
export interface TargetFile {
  path: string
  part: string
  split: string
  format: string
  rows: number
}

/** A trainer, or a service that trains, and how it wants rows. One file each; add it to the registry. */
export interface Target {
  readonly id: string
  readonly name: string
  /** Ids of the formats that its loader reads, the preferred one first. */
  readonly formats: readonly string[]
  readonly parts: readonly Part[]
  /** The splits whose rows it is for. What is held out for evaluation is for a target that says so alone. @default train and validation */
  readonly splits?: readonly string[]
  /** The loader goes through Arrow, which unions keys, fills nulls and refuses a column of two types. */
  readonly usesArrow: boolean
  /** The folder of a part's shards, with its final slash. */
  folder(part: string, split: string): string
  /**
   * The line that loads a part; `path` is a shard or a pattern of several, `features` the columns where `datasets`
   * cannot tell them from the first rows.
   */
  load(part: string, path: string, features: string | null): string
  /** Of which ways to say a row's weight this target's records have a place. `resample` needs none. */
  readonly weights: readonly Exclude<WeightMode, 'none' | 'resample'>[]
  /** What the trainer does with a weight, in a sentence. */
  readonly weightNote: string
  /** What goes wrong without a word, a sentence each. */
  readonly traps: readonly string[]
  extras?(files: readonly TargetFile[]): ExtraFile[]
}
