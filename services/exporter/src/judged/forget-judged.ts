import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, type Evidence, sha256 } from '@flywheel/curation'
import type { Purpose } from '@flywheel/schema'
import { type Database, loadErasures } from '@flywheel/store'
import { readBlock, scrubBlock } from './block-file.js'
import type { ComponentKey } from './component-record.js'
import {
  BLOCK,
  FORGOTTEN,
  judgedFolder,
  lockJudged,
  readStanding,
  type Standing,
  writeStanding,
} from './judged-memory.js'

/**
 * Takes out of what was judged of a project every component with an event that was erased, or with a person who withdrew
 * the consent that its recipe needs, and all of a recipe whose consent the project itself withdrew or denies. Once no run
 * that may have read before is under way.
 */
export async function forgetJudged(
  db: Database,
  { projectId, rowKey, outDir }: { projectId: string; rowKey: Uint8Array; outDir: string },
  { consents, project_consent }: Pick<Evidence, 'consents' | 'project_consent'>,
): Promise<void> {
  const folder = judgedFolder(outDir, projectId, rowKey)
  if (!existsSync(folder)) return
  const erasures = await loadErasures(db, projectId)
  const withdrawn = consents.filter(({ label }) => label === 'withdrawn')
  const tombstones = erasures.map(({ id, event_ids }) => [id, event_ids.length])
  const said = sha256(canonicalJson([tombstones, withdrawn.map(({ id }) => id).sort(), project_consent]))
  // Every run begins with this: what was taken out is not looked for again until an export brings more.
  const path = join(folder, FORGOTTEN)
  if (existsSync(path) && readFileSync(path, 'utf8') === said) return
  const events = new Set(erasures.flatMap(({ event_ids }) => event_ids))
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const own = join(folder, entry.name)
    const standing = readStanding(own)
    const mine = withdrawn.filter(({ purpose }) => purpose === standing?.purpose)
    const people = new Set(mine.map(({ subject_kind, subject }) => `${subject_kind}:${subject}`))
    const isDenied = standing !== null && project_consent[standing.purpose as Purpose] === 'denied'
    // Of what was left half-written nobody knows what consent it needs.
    const isUnknown = standing === null || standing.purpose === ''
    const isAll = isUnknown || isDenied || mine.some(({ subject_kind }) => subject_kind === 'project')
    const isGone = (key: ComponentKey): boolean =>
      key.events.some((id) => events.has(id)) || key.people.some((person) => people.has(person))
    if (standing === null || isAll || !forgetIn(own, standing, isGone)) rmSync(own, { recursive: true, force: true })
  }
  writeFileSync(`${path}.new`, said, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** @returns false where another process writes there, which must not bring back what was taken out */
function forgetIn(folder: string, standing: Standing, isGone: (key: ComponentKey) => boolean): boolean {
  const release = lockJudged(folder)
  if (release === null) return false
  try {
    const latest = readStanding(folder) ?? standing
    // A run that reads here meanwhile finds that it must not.
    writeStanding(folder, { ...latest, export_id: '' })
    for (const name of readdirSync(folder).filter((each) => each.endsWith(BLOCK))) {
      const block = readBlock(join(folder, name))
      if (block === null || scrubBlock(block, isGone) === 0) rmSync(join(folder, name), { force: true })
    }
    writeStanding(folder, latest)
    return true
  } finally {
    release()
  }
}
