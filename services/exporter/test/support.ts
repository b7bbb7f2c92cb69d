import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { type Database, insertRows, keyedHash, migrate, openEmbedded, sweepErasure } from '@flywheel/store'

export const PROJECT = 'p1'
export const ROW_KEY: Uint8Array = new Uint8Array(32).fill(7)
export const START: number = Date.now() - 10 * 24 * 3_600_000
export const WATERMARK: string = new Date(START + 3_600_000).toISOString()
const NEVER = '2100-01-01T00:00:00.000Z'

export function uuid(time: number, n: number): string {
  const head = time.toString(16).padStart(12, '0')
  return `${head.slice(0, 8)}-${head.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`
}

const iso = (time: number): string => new Date(time).toISOString()
const message = (role: string, content: string): object => ({ role, parts: [{ type: 'text', content }] })

export interface Seed {
  interactions: Record<string, unknown>[]
  feedback: Record<string, unknown>[]
}

/** Events of a few users: corrections, thumbs, a choice; every text is made, none is copied. */
export function seed(count = 24): Seed {
  const server = (offset: number): object => ({
    project_id: PROJECT,
    trust: 'server',
    source: `log/0:${offset}`,
    received_at: iso(START + offset * 1000 + 40),
    body_until: NEVER,
    row_until: NEVER,
  })
  const made: Seed = { interactions: [], feedback: [] }
  for (let n = 0; n < count; n++) {
    const id = uuid(START + n * 1000, n)
    made.interactions.push({
      ...server(n),
      id,
      schema_version: 1,
      session_id: `s${n % 8}`,
      user_id: `u${n % 5}`,
      model_answered: 'stub-1',
      messages: JSON.stringify([message('user', `Case ${n}: when does the parcel of order ${n * 7} arrive?`)]),
      outputs: JSON.stringify([message('assistant', `Order ${n * 7} arrives on day ${n} at the latest, we think.`)]),
      finish_reasons: ['stop'],
      consent: { train: 'granted' },
    })
    const said = { ...server(count + n), id: uuid(START + 60_000 + n * 1000, n), schema_version: 1, target: id }
    const author = { target_kind: 'interaction', author_id: `u${n % 5}`, author_kind: 'end_user' }
    if (n % 3 === 0) made.feedback.push({ ...said, ...author, kind: 'thumb', label: n % 2 === 0 ? 'up' : 'down' })
    else {
      const kept = `Order ${n * 7} arrives on day ${n}. Sorry for the wait.`
      made.feedback.push({ ...said, ...author, kind: 'correction', stage: 'committed', kept })
    }
  }
  return made
}

export async function store(
  rows: Seed = seed(),
): Promise<{ db: Database; path: string; outDir: string; remove: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'flywheel-exporter-'))
  const path = join(root, 'store')
  const db = await openEmbedded({ path })
  await migrate(db)
  await insertRows(db, 'interactions', rows.interactions)
  await insertRows(db, 'feedback', rows.feedback)
  return {
    db,
    path,
    outDir: join(root, 'exports'),
    remove: async () => {
      await db.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** Every file of an export but `run.json` and `openlineage.jsonl`, which hold the wall clock. */
export async function filesOf(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files: Record<string, string> = {}
  for (const path of paths.sort()) {
    const name = relative(dir, path)
    if (name !== 'run.json' && name !== 'openlineage.jsonl') files[name] = (await readFile(path)).toString('base64')
  }
  return files
}

/** The key of the hashes in tombstones. */
export const ERASURE_KEY: { k0: string; k1: string } = { k0: '1', k1: '2' }

/** Erases a user from the store: hidden, and swept. Exports are another's work. */
export async function eraseUser(db: Database, user: string): Promise<void> {
  const digest = createHash('sha256').update(user).digest('hex')
  const created_at = new Date().toISOString()
  const row = {
    project_id: PROJECT,
    id: `0198c000-0000-7000-8000-${digest.slice(0, 12)}`,
    subject_kind: 'user' as const,
    subject_hmac: digest.slice(0, 32),
    subject_key: await keyedHash(db, ERASURE_KEY, user),
    event_ids: [],
    target_keys: [],
    state: 'hidden' as const,
    reason: '',
    log_id: '',
    log_ends: [],
    counts: {},
    deleted_at: '2000-01-01T00:00:00.000Z',
    horizon_at: '2000-01-01T00:00:00.000Z',
    created_at,
    updated_at: created_at,
  }
  await sweepErasure(db, ERASURE_KEY, row, Date.now)
}

/** No waiting, and all in train: the seed is one component, whose split would follow from the clock of its ids. */
export const settled = {
  settling: { committed_ms: 0, draft_ms: 0, late_feedback_ms: 0 },
  split: { validation: 0 },
}
