import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createLogger } from '@flywheel/runtime'
import { startStandalone } from '@flywheel/standalone'
import type { JournalLine } from './journal.js'
import type { ExportedPair, ExportedThumb } from './judge.js'

const DAY = 86_400_000
/** How far back the traffic's clock stands: longer than anything takes to settle. */
const BACK_MS = 10 * DAY
const WAIT_MS = 180_000

/** What one export made. */
export interface Exported {
  export_id: string
  /** Rows by shape and strategy. */
  rows: { shape: string; strategy: string }[]
  pairs: ExportedPair[]
  /** Rows of single thumbs. */
  thumbs: ExportedThumb[]
  /** What agreement alone says of a strategy's prior, where enough was judged twice. */
  agreement: Record<string, { prior: number; interval: [number, number] }>
  /** Users, sessions and prompts with rows on both sides of the split. */
  leaking: number
}

/** A running Flywheel that the data were played into. */
export interface Replayed {
  journal: JournalLine[]
  exportSet(recipe: object): Promise<Exported>
  close(): Promise<void>
}

async function playTraffic(url: string, key: string, folder: string, seed: number): Promise<JournalLine[]> {
  const clock = join(folder, 'clock')
  await writeFile(clock, String(-BACK_MS))
  const child = spawn(
    process.execPath,
    [
      '--conditions=@flywheel/source',
      `--import=${import.meta.resolve('tsx')}`,
      `--import=${import.meta.resolve('@flywheel/faults/clock-hook')}`,
      fileURLToPath(new URL('./traffic.ts', import.meta.url)),
    ],
    {
      env: {
        ...process.env,
        FLYWHEEL_URL: url,
        FLYWHEEL_API_KEY: key,
        FLYWHEEL_FAULTS_CLOCK: clock,
        FLYWHEEL_REPLAY_SEED: String(seed),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const journal: JournalLine[] = []
  for await (const line of createInterface({ input: child.stdout })) journal.push(JSON.parse(line) as JournalLine)
  const code = await ended
  if (code !== 0) throw new Error(`the traffic ended with code ${code}`)
  return journal
}

function jsonLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

interface Manifest {
  strategies: { strategy: string; recalibration: Exported['agreement'][string] | null }[]
  files: { path: string; shape: string; format: string }[]
  statistics: { leaking_members: number }
}

interface Meta {
  row_id: string
  strategy: string
  prior: number
}

const words = (text: string): Set<string> => new Set(text.split(/\s+/))

/** How much of a text's words another has: tells which answer a side is, also where a gate has touched its text. */
function likeness(a: string, b: string): number {
  const [first, second] = [words(a), words(b)]
  let shared = 0
  for (const word of first) if (second.has(word)) shared++
  return shared / (first.size + second.size - shared)
}

/** Starts a server in a folder of its own, plays the data into it and waits until all of it is stored. */
export async function replay(seed: number): Promise<Replayed> {
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-replay-'))
  const server = await startStandalone({
    dataDir: join(folder, 'data'),
    host: '127.0.0.1',
    port: 0,
    exportTimezone: 'UTC',
    logLevel: 'silent',
    logger: createLogger('replay', { level: 'silent' }),
  })
  const key = server.keys?.secret ?? ''
  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const response = await fetch(`${server.url}${path}`, {
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`)
    return JSON.parse(text) as T
  }
  const query = <T>(sql: string): Promise<T[]> =>
    ask<{ rows: T[] }>('/v1/query', { sql, limit: 10_000 }).then(({ rows }) => rows)

  const journal = await playTraffic(server.url, key, folder, seed)
  const last = new Date().toISOString()
  for (const end = Date.now() + WAIT_MS; ; ) {
    const { watermark } = await ask<{ watermark: string }>('/v1/health')
    if (watermark > last) break
    if (Date.now() > end) throw new Error(`the watermark stands at ${watermark}`)
    await sleep(500)
  }
  const outputs = new Map(
    (await query<{ id: string; outputs: string }>('SELECT id, outputs FROM interactions')).map((row) => [
      row.id,
      (JSON.parse(row.outputs) as { parts: { content: string }[] }[])[0]!.parts[0]!.content,
    ]),
  )

  async function exportSet(recipe: object): Promise<Exported> {
    const { export_id, dir } = await ask<{ export_id: string; dir: string }>('/v1/exports', { recipe })
    const manifest = (await ask<{ manifest: Manifest }>(`/v1/exports/${export_id}`)).manifest
    const items = new Map(
      (
        await query<{ row_id: string; event_ids: string[] }>(
          `SELECT row_id, event_ids FROM export_items WHERE export_id = '${export_id}'`,
        )
      ).map(({ row_id, event_ids }) => [row_id, event_ids]),
    )
    const rows: Exported['rows'] = []
    const pairs: ExportedPair[] = []
    const thumbs: ExportedThumb[] = []
    for (const { path, shape } of manifest.files.filter(({ format }) => format === 'jsonl')) {
      if (shape === 'meta') continue
      const records = jsonLines<{ chosen?: { content: string }[]; label?: boolean }>(
        await readFile(join(dir, path), 'utf8'),
      )
      const sidecar = `meta/${path.replace('/', '-')}`
      const metas = jsonLines<Meta>(await readFile(join(dir, sidecar), 'utf8'))
      metas.forEach(({ row_id, strategy, prior }, n) => {
        rows.push({ shape, strategy })
        const answers = (items.get(row_id) ?? []).filter((id) => outputs.has(id))
        const { label, chosen } = records[n] ?? {}
        if (label !== undefined) thumbs.push({ prior, interaction: answers[0] ?? '', label })
        const wanted = chosen?.[0]?.content
        if (shape !== 'preference' || wanted === undefined) return
        const ordered = answers.sort((a, b) => likeness(wanted, outputs.get(b)!) - likeness(wanted, outputs.get(a)!))
        pairs.push({ row_id, strategy, prior, chosen: ordered[0] ?? '', rejected: ordered.at(-1) ?? '' })
      })
    }
    const agreement = Object.fromEntries(
      manifest.strategies.flatMap(({ strategy, recalibration: own }) => (own === null ? [] : [[strategy, own]])),
    )
    return { export_id, rows, pairs, thumbs, agreement, leaking: manifest.statistics.leaking_members }
  }

  return {
    journal,
    exportSet,
    async close() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
