import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
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

/** What no export has used for so long is removed. */
const UNUSED_MS = 35 * 24 * 3_600_000

/** What was taken out, and when there is more to take. */
interface Forgotten {
  /** Hash of the erasures and withdrawals. */
  said: string
  /** Seconds since 1970 when retention takes the next text; null where no text has an end. */
  until: number | null
}

/**
 * Takes out of what was judged of a project every component with an event that was erased, with a person who withdrew the
 * consent that its recipe needs, or with a text that retention has taken, and all of a recipe whose consent the project
 * itself withdrew or denies, or that no export has used for 35 days. Once no run that may have read before is under way.
 */
export async function forgetJudged(
  db: Database,
  { projectId, rowKey, outDir, now }: { projectId: string; rowKey: Uint8Array; outDir: string; now: () => Date },
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
  const time = now().getTime()
  const second = Math.floor(time / 1000)
  const before = readForgotten(path)
  if (before?.said === said && (before.until === null || second < before.until)) return
  // In seconds.
  let next: number | null = null
  const atLatest = (end: number): void => {
    next = Math.min(next ?? end, end)
  }
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
    const unusedAt = (standing?.used ?? 0) + UNUSED_MS
    const isAll =
      time >= unusedAt || isUnknown || isDenied || mine.some(({ subject_kind }) => subject_kind === 'project')
    const isGone = (key: ComponentKey): boolean => {
      const isTaken = key.until !== null && key.until <= second
      if (isTaken || key.events.some((id) => events.has(id)) || key.people.some((person) => people.has(person)))
        return true
      if (key.until !== null) atLatest(key.until)
      return false
    }
    if (!isAll) atLatest(Math.ceil(unusedAt / 1000))
    if (standing === null || isAll || !(await forgetIn(own, standing, isGone)))
      rmSync(own, { recursive: true, force: true })
  }
  writeFileSync(`${path}.new`, JSON.stringify({ said, until: next } satisfies Forgotten), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Null where nothing was taken out since an export brought more. */
function readForgotten(path: string): Forgotten | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Forgotten
  } catch {
    return null
  }
}

/**
 * Whatever else the process does has its turn after each block, of some ten megabytes.
 * @returns false where another process writes there, which must not bring back what was taken out
 */
async function forgetIn(folder: string, standing: Standing, isGone: (key: ComponentKey) => boolean): Promise<boolean> {
  const release = lockJudged(folder)
  if (release === null) return false
  try {
    const latest = readStanding(folder) ?? standing
    // A run that reads here meanwhile finds that it must not.
    writeStanding(folder, { ...latest, export_id: '' })
    for (const name of readdirSync(folder).filter((each) => each.endsWith(BLOCK))) {
      await turn()
      const block = readBlock(join(folder, name))
      if (block === null || scrubBlock(block, isGone) === 0) rmSync(join(folder, name), { force: true })
    }
    writeStanding(folder, latest)
    return true
  } finally {
    release()
  }
}
