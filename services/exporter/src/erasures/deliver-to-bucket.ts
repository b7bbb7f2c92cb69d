import { join } from 'node:path'
import type { Database, ErasureDeliveryRow, ExportRow } from '@flywheel/store'
import { copyToAll } from '../copy-to-all.js'
import { addressIn } from '../s3-client.js'
import type { S3Destination } from '../s3-destination.js'
import type { ErasedMessage } from './erased-message.js'
import { byHandIn, type Marker, withdrawFromS3 } from './withdraw-from-s3.js'

/** How a delivery stands after an attempt. */
export type DeliveryState = Pick<ErasureDeliveryRow, 'status' | 'remains'>

/** What a bucket is told about, and where the exports are on this machine. */
export interface BucketDelivery {
  db: Database
  row: ErasureDeliveryRow
  /** The export that stands now in the place of the replaced one; null where none does. */
  current: ExportRow | null
  destination: S3Destination
  outDir: string
  signal: AbortSignal
}

/** What the marker says: where the export is that took the place, and which rows it lacks. */
function markerOf({ row, current, destination }: BucketDelivery): Marker {
  const { export_id, replaced_by, rows, row_ids, row_ids_path } = JSON.parse(row.message) as ErasedMessage
  const place = current === null ? null : addressIn(destination, current.id)
  // The list of an erasure export is of what it lacks itself; one that was replaced since is not copied any more.
  const list = current !== null && current.id === replaced_by ? row_ids_path : null
  return {
    withdrawn: true,
    export_id,
    replaced_by: current?.id ?? null,
    place,
    rows,
    row_ids,
    row_ids_list: list === null ? null : `${place}${list}`,
  }
}

/**
 * Brings a bucket that has a replaced export up to date: a copy of the export that stands now under a prefix of its own,
 * then a marker beside the replaced one, whose objects are deleted where the key may. A copy that fails keeps nothing
 * from being deleted.
 */
export async function deliverToBucket(delivery: BucketDelivery): Promise<DeliveryState> {
  const { db, row, current, destination, outDir, signal } = delivery
  const problems: string[] = []
  if (current !== null) {
    const dir = join(outDir, current.id)
    const manifest_path = join(dir, `manifest-${current.manifest_sha256}.json`)
    const why = { db, project_id: row.project_id, note: `copied in the place of ${row.export_id}`, signal }
    const copied = await copyToAll(why, [destination], { export_id: current.id, dir, manifest_path })
    for (const { error } of copied) if (error !== null) problems.push(`${addressIn(destination, current.id)}: ${error}`)
  }
  try {
    const folder = join(outDir, row.export_id)
    const done = await withdrawFromS3(destination, row.export_id, { folder, marker: markerOf(delivery), signal })
    const byHand = byHandIn(destination, row.export_id, done)
    if (problems.length === 0) return { status: byHand === '' ? 'done' : 'by_hand', remains: byHand }
    if (byHand !== '') problems.push(byHand)
  } catch (error) {
    const { name, message } = error as Error
    const why = signal.aborted ? 'the exporter stopped' : `${name}: ${message}`.slice(0, 500)
    problems.push(`${row.name}: ${why}; the next sweep tries again`)
  }
  return { status: 'failed', remains: problems.join('. ') }
}
