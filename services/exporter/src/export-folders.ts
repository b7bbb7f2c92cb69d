import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, type ExportRow, getExport, listExports } from '@flywheel/store'

/** Where the folder of an export is. */
export interface ExportFolder {
  export_id: string
  /** The first of `places` that is there; where none is, the one it was written to. */
  dir: string
  /** Paths on the exporter's machine in which it is looked for, in this order. */
  places: string[]
}

/** Finds what exports are made of, wherever their folders were moved to. */
export interface ExportFolders {
  /** Of one export, or of the newest 1000 of a project. */
  folders(project_id: string, id?: string): Promise<ExportFolder[]>
  /** The manifest as published; null where its folder was moved away. */
  manifest(project_id: string, id: string): Promise<unknown>
}

/** Below the folder of exports as it is mounted now, and only then where the record says that it was written. */
function placesOf(outDir: string, { id, path }: Pick<ExportRow, 'id' | 'path'>): string[] {
  return [...new Set([join(outDir, id), path])]
}

const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isDirectory() === true

async function folderOf(outDir: string, row: ExportRow): Promise<ExportFolder> {
  const places = placesOf(outDir, row)
  for (const dir of places) if (await isFolder(dir)) return { export_id: row.id, dir, places }
  return { export_id: row.id, dir: row.path, places }
}

/** @param outDir folder that holds one folder an export */
export function createExportFolders(db: Database, outDir: string): ExportFolders {
  const one = async (project_id: string, id: string): Promise<ExportRow[]> => {
    const row = await getExport(db, project_id, id)
    return row === null ? [] : [row]
  }
  return {
    async folders(project_id, id) {
      const rows = id === undefined ? await listExports(db, project_id) : await one(project_id, id)
      return Promise.all(rows.map((row) => folderOf(outDir, row)))
    },
    async manifest(project_id, id) {
      const [row] = await one(project_id, id)
      if (row === undefined) return null
      for (const dir of placesOf(outDir, row)) {
        try {
          return JSON.parse(await readFile(join(dir, `manifest-${row.manifest_sha256}.json`), 'utf8'))
        } catch {
          // The next place, if there is one.
        }
      }
      return null
    },
  }
}
