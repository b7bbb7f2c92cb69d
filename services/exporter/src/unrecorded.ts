import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, forgetExportItems, getExport } from '@flywheel/store'
import type { Unfinished } from './publish.js'

/** Stands in an export's folder from before it is published until the store knows the export. */
const MARK = 'unrecorded.json'

/** Says in a folder under construction whose it is, for as long as the store does not. */
export function markUnrecorded(folder: Pick<Unfinished, 'write'>, project_id: string): Promise<void> {
  return folder.write(MARK, `${JSON.stringify({ project_id })}\n`)
}

/** The store knows the export: from here on every erasure finds it. */
export function markRecorded(place: string): Promise<void> {
  return rm(join(place, MARK), { force: true })
}

async function unrecordedIn(outDir: string, projectId: string): Promise<string[]> {
  const names = (await readdir(outDir).catch((): string[] => [])).filter((name) => /^[0-9a-f]{64}$/.test(name))
  const found: string[] = []
  for (const name of names) {
    const text = await readFile(join(outDir, name, MARK), 'utf8').catch(() => null)
    if (text !== null && (JSON.parse(text) as { project_id: string }).project_id === projectId) found.push(name)
  }
  return found
}

/**
 * Removes the exports of a project that were published and never recorded, because their run ended between the two. Nobody
 * was given one, no list names it, and no erasure would find whose rows it holds; a run of the same makes it again.
 * @param runsEnded waits for the runs that are under way now: one may be about to record what it published
 */
export async function removeUnrecorded(
  { db, projectId, outDir }: { db: Database; projectId: string; outDir: string },
  runsEnded: () => Promise<void>,
): Promise<void> {
  const found = await unrecordedIn(outDir, projectId)
  if (found.length === 0) return
  await runsEnded()
  for (const id of found) {
    const place = join(outDir, id)
    if ((await getExport(db, projectId, id)) !== null) {
      await markRecorded(place)
      continue
    }
    await rm(place, { recursive: true, force: true })
    await forgetExportItems(db, projectId, [id])
  }
}
