import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, getExport } from '@flywheel/store'

/**
 * Reads an export's manifest from this data directory, wherever it was made: a restored row names the folder of the
 * server that was backed up. Null where the folder was moved away.
 */
export function createManifestReader(
  db: Database,
  exportsFolder: string,
): (projectId: string, id: string) => Promise<unknown> {
  return async (projectId, id) => {
    const row = await getExport(db, projectId, id)
    if (row === null) return null
    try {
      return JSON.parse(await readFile(join(exportsFolder, row.id, `manifest-${row.manifest_sha256}.json`), 'utf8'))
    } catch {
      return null
    }
  }
}
