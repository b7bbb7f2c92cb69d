import type { Table, TargetRecord } from './target.js'

/** A shard on its way to a file. */
export interface ShardWriter {
  /** The bytes that these records make ready: none, where more of them are waited for. */
  add(records: readonly TargetRecord[]): Uint8Array
  /** The bytes that are left. */
  end(): Uint8Array
}

/** A way to write records. One file each; add it to the registry. */
export interface Format {
  readonly id: string
  readonly extension: string
  /** Begins a shard; the same records and table give the same bytes. */
  open(table: Table): ShardWriter
  /** The records of a shard, some at a time: what a loader would see, less the nulls that only the columns made. */
  read(bytes: Uint8Array): AsyncIterable<TargetRecord[]>
}

/** Records that are handed to a writer at a time. */
const BATCH = 500

/** The bytes of a shard whose records are all there, piece by piece. */
export function* writeRecords(format: Format, records: readonly TargetRecord[], table: Table): Generator<Uint8Array> {
  const writer = format.open(table)
  for (let from = 0; from < records.length; from += BATCH) yield writer.add(records.slice(from, from + BATCH))
  yield writer.end()
}

/** Every record of a shard. */
export async function readRecords(format: Format, bytes: Uint8Array): Promise<TargetRecord[]> {
  const records: TargetRecord[] = []
  for await (const batch of format.read(bytes)) for (const record of batch) records.push(record)
  return records
}
