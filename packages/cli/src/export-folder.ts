import { stat } from 'node:fs/promises'
import { CliError, EXIT } from './exit.js'

/** Whether a path is a folder on this machine. */
export const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => null))?.isDirectory() === true

/** Whether a word is digits of an id; how many it takes, the server says. */
export const isExportId = (word: string): boolean => /^[0-9a-f]+$/.test(word)

/** Whether a word is a whole id. */
export const isWholeId = (word: string): boolean => /^[0-9a-f]{64}$/.test(word)

/** What the server says of where an export is. */
export interface FoundExport {
  export_id: string
  dir: string
  /** Absent in answers of an older server. */
  places?: string[]
}

/**
 * The folder of an export that the server named, on this machine.
 * @throws CliError naming every place that was tried
 */
export async function folderHere({ export_id, dir, places = [] }: FoundExport): Promise<string> {
  const tried = [...new Set([dir, ...places])]
  for (const place of tried) if (await isFolder(place)) return place
  throw new CliError(
    EXIT.notFound,
    `The export ${export_id} is not on this machine: there is no ${tried.join(' and no ')}; run this where the exporter writes (in its container, with its mount), or copy the folder here and give the copy's path`,
  )
}
