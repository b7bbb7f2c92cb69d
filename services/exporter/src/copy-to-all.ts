import { addRecipient, type Database } from '@flywheel/store'
import type { ExportSummary } from './run-export.js'
import { copyToS3, type DestinationDelivery, type S3Destination } from './s3-destination.js'

/** Of whose run the copies are. */
export interface CopiesOf {
  db: Database
  project_id: string
  /** Name of the plan that names the destinations. */
  plan: string
}

/**
 * Copies a published export to one destination after the other: each may be a slow line. A bucket is noted as a recipient
 * before its copy begins: one that ended half-way holds rows too, and the receipt of an erasure must name it.
 */
export async function copyToAll(
  { db, project_id, plan }: CopiesOf,
  destinations: readonly S3Destination[],
  { export_id, dir, manifest_path }: Pick<ExportSummary, 'export_id' | 'dir' | 'manifest_path'>,
): Promise<DestinationDelivery[]> {
  const copies: DestinationDelivery[] = []
  for (const destination of destinations) {
    const { bucket, prefix } = destination
    const recipient = `s3://${bucket}/${prefix}${export_id}/`
    const created_at = new Date().toISOString()
    await addRecipient(db, { project_id, export_id, recipient, note: `copied by plan ${plan}`, created_at })
    copies.push(await copyToS3(destination, manifest_path, dir))
  }
  return copies
}
