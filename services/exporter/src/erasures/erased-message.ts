import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExportRow } from '@flywheel/store'
import { ERASED } from '../erase-export.js'
import type { ErasureReason } from '../erasure-manifest.js'

/** What is told of an export that was replaced: ids and counts, never a row. */
export interface ErasedMessage {
  project_id: string
  /** The export that was replaced. */
  export_id: string
  /** The erasure export in its place; null where its folder was damaged and is gone without one. */
  replaced_by: string | null
  /** File name of the manifest of `replaced_by`, which names each file with its old and its new hash. */
  manifest: string | null
  /** Rows that left. 0 where only what ties people together left. */
  rows: number
  /** Which rows, where they are at most 100; null where they are more, or are not known. */
  row_ids: { row_id: string; reason: ErasureReason }[] | null
  /** File of `replaced_by` that lists every one of them. */
  row_ids_path: string | null
  /** Whom the export was given to, as far as was noted: they hold these rows. */
  recipients: string[]
}

/** Row ids that a message carries itself; more are listed in the export alone. */
export const ROW_IDS_TOLD = 100

async function readErased(folder: string): Promise<NonNullable<ErasedMessage['row_ids']> | null> {
  // Gone where the erasure export was replaced by another meanwhile.
  const text = await readFile(join(folder, ERASED), 'utf8').catch(() => null)
  if (text === null) return null
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { row_id: string; reason: ErasureReason })
}

/** What is told of an export in whose place none stands. */
export function messageWithoutNext(
  project_id: string,
  export_id: string,
  rows: number,
  recipients: readonly string[],
): ErasedMessage {
  const nothing = { replaced_by: null, manifest: null, row_ids: null, row_ids_path: null }
  return { project_id, export_id, recipients: [...recipients], ...nothing, rows }
}

/**
 * @param replaced the export that is no more
 * @param next the one in its place
 */
export async function erasedMessage(
  outDir: string,
  replaced: ExportRow,
  next: ExportRow | null,
  recipients: readonly string[],
): Promise<ErasedMessage> {
  const { project_id, id: export_id } = replaced
  const { removed } = JSON.parse(replaced.summary || '{}') as { removed?: { rows: number } }
  const about = { project_id, export_id, recipients: [...recipients] }
  if (next === null) return messageWithoutNext(project_id, export_id, removed?.rows ?? 0, recipients)
  const { rows_taken } = JSON.parse(next.summary || '{}') as { rows_taken?: number }
  const list = await readErased(join(outDir, next.id))
  return {
    ...about,
    replaced_by: next.id,
    manifest: `manifest-${next.manifest_sha256}.json`,
    rows: list?.length ?? rows_taken ?? 0,
    row_ids: list === null || list.length > ROW_IDS_TOLD ? null : list,
    row_ids_path: list === null ? null : ERASED,
  }
}
