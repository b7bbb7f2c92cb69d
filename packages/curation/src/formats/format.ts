import type { Table, TargetRecord } from './target.js'

/** A way to write records. One file each; add it to the registry. */
export interface Format {
  readonly id: string
  readonly extension: string
  /** The bytes of one shard, piece by piece; the same records and table give the same bytes. */
  write(records: readonly TargetRecord[], table: Table): Iterable<Uint8Array>
  /** The records of a shard, some at a time: what a loader would see, less the nulls that only the columns made. */
  read(bytes: Uint8Array): AsyncIterable<TargetRecord[]>
}

/** Every record of a shard. */
export async function readRecords(format: Format, bytes: Uint8Array): Promise<TargetRecord[]> {
  const records: TargetRecord[] = []
  for await (const batch of format.read(bytes)) for (const record of batch) records.push(record)
  return records
}
