import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConsentRow, canonicalJson, sha256 } from '@flywheel/curation'
import { type Database, loadErasures } from '@flywheel/store'
import { readBlock, scrubBlock } from './block-file.js'
import type { ComponentKey } from './component-record.js'
import { BLOCK, judgedFolder, readStanding, writeStanding } from './judged-memory.js'

/** What was last taken out of a project's memory. */
const FORGOTTEN = 'forgotten'

/**
 * Takes out of what was judged of a project every component with an event that was erased, or with a person who withdrew
 * any consent since. While no run of the project is under way.
 */
export async function forgetJudged(
  db: Database,
  { projectId, rowKey, outDir }: { projectId: string; rowKey: Uint8Array; outDir: string },
  consents: readonly ConsentRow[],
): Promise<void> {
  const folder = judgedFolder(outDir, projectId, rowKey)
  if (!existsSync(folder)) return
  const erasures = await loadErasures(db, projectId)
  const withdrawn = consents.filter(({ label }) => label === 'withdrawn')
  const said = sha256(
    canonicalJson([erasures.map(({ id, event_ids }) => [id, event_ids.length]), withdrawn.map(({ id }) => id).sort()]),
  )
  // Every run begins with this: what was taken out is not looked for again.
  const path = join(folder, FORGOTTEN)
  if (existsSync(path) && readFileSync(path, 'utf8') === said) return
  const events = new Set(erasures.flatMap(({ event_ids }) => event_ids))
  const people = new Set(withdrawn.map(({ subject_kind, subject }) => `${subject_kind}:${subject}`))
  const isAll = withdrawn.some(({ subject_kind }) => subject_kind === 'project')
  const isGone = (key: ComponentKey): boolean =>
    isAll || key.events.some((id) => events.has(id)) || key.people.some((person) => people.has(person))
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) forgetIn(join(folder, entry.name), isGone)
  }
  writeFileSync(`${path}.new`, said, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function forgetIn(folder: string, isGone: (key: ComponentKey) => boolean): void {
  const standing = readStanding(folder)
  // A run of another process that reads here meanwhile finds that it must not.
  writeStanding(folder, null)
  for (const name of readdirSync(folder).filter((each) => each.endsWith(BLOCK))) {
    const block = readBlock(join(folder, name))
    if (block === null || scrubBlock(block, isGone) === 0) rmSync(join(folder, name), { force: true })
  }
  writeStanding(folder, standing)
}
