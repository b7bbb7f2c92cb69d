import { addRecipient, type Database } from '@flywheel/store'
import { copyToHub, type HubDestination, hubAddress } from './hub-destination.js'
import type { ExportSummary } from './run-export.js'
import { addressIn } from './s3-client.js'
import { copyToS3, type DestinationDelivery, type S3Destination } from './s3-destination.js'

/** Of whose run the copies are. */
export interface CopiesOf {
  db: Database
  project_id: string
  /** Why there is a copy, noted with its recipient. */
  note: string
  /** Ends the copies, for a process that stops. */
  signal?: AbortSignal
}

/**
 * Copies a published export to one destination after the other: each may be a slow line. A place is noted as a recipient
 * before its copy begins: one that ended half-way holds rows too, and the receipt of an erasure must name it.
 */
export async function copyToAll(
  { db, project_id, note, signal }: CopiesOf,
  destinations: readonly (S3Destination | HubDestination)[],
  { export_id, dir, manifest_path }: Pick<ExportSummary, 'export_id' | 'dir' | 'manifest_path'>,
): Promise<DestinationDelivery[]> {
  const copies: DestinationDelivery[] = []
  for (const destination of destinations) {
    const recipient = destination.kind === 's3' ? addressIn(destination, export_id) : hubAddress(destination)
    await addRecipient(db, { project_id, export_id, recipient, note, created_at: new Date().toISOString() })
    copies.push(
      destination.kind === 's3'
        ? await copyToS3(destination, manifest_path, dir, signal)
        : await copyToHub(destination, dir, signal),
    )
  }
  return copies
}
