import type { Table, TargetRecord } from './target.js'

/** A way to write records. One file each; add it to the registry. */
export interface Format {
  readonly id: string
  readonly extension: string
  /** The bytes of one shard; the same records and table give the same bytes. */
  write(records: readonly TargetRecord[], table: Table): Uint8Array
  /** The records of a shard: what a loader would see, less the nulls that only the columns made. */
  read(bytes: Uint8Array): Promise<TargetRecord[]>
}
