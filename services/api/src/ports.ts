import type { MasterSecret } from '@flywheel/keys'
import type { LogRecord } from '@flywheel/schema'
import type { Database, KeyRow } from '@flywheel/store'
import type { z } from 'zod'
import type { withdrawnExportSchema } from './shapes/erasure.js'
import type { exportCountSchema, exportSummarySchema } from './shapes/export.js'

/** What the api needs of the durable log: facts it appends itself, and how far the sink has come. */
export interface LogPort {
  readonly log_id: string
  append(record: LogRecord): Promise<unknown>
  progress(): Promise<{ partition: number; committed: number; end: number }[]>
  backlog(): Promise<{ records: number; lines: number; bytes: number; oldest_ms: number }>
  /** Whose lines wait; `incomplete` says why `lines` are not all, `end` is null while nobody can read the partition. */
  waitingLines(): Promise<{
    partitions: { partition: number; committed: number; end: number | null }[]
    lines: ReadonlyMap<string, number>
    incomplete: string | null
  }>
  watermark(): Promise<string>
  /** Rewrites the log's files without what was committed; a log that only its retention empties has none. */
  compact?(): Promise<void>
  /** How long such a log may keep a record, in milliseconds. */
  retention_ms?: number
}

/**
 * Runs an export to its end. `recipe` is what the caller sent, unread; absent means the default one. `plan` names one of
 * the exporter's own. `as_of` makes an earlier export once more.
 */
export interface ExportPort {
  run(request: {
    project_id: string
    recipe?: unknown
    plan?: string
    as_of?: string
  }): Promise<z.input<typeof exportSummarySchema>>
  /** What a run of this would yield now; nothing is published. */
  count(request: { project_id: string; recipe?: unknown; plan?: string }): Promise<z.input<typeof exportCountSchema>>
  /** Takes what was erased or withdrawn since out of every published export. */
  withdraw?(project_id: string): Promise<z.input<typeof withdrawnExportSchema>[]>
  /** The published manifest, or null where its folder was moved away. @default read from the folder, on this machine */
  manifest?(project_id: string, export_id: string): Promise<unknown>
  /** Where the folders of exports are now: of one, or of the newest. @default as recorded when they were made */
  folders?(project_id: string, export_id?: string): Promise<{ export_id: string; dir: string; places: string[] }[]>
}

/** Backs the server up into a new folder at an absolute path on it. */
export type BackupPort = (path: string) => Promise<{
  path: string
  begun_at: string
  files: number
  bytes: number
  log_records: number
  paused_ms: number
  secret: 'file' | 'environment'
}>

/** Keys by id, kept in memory. */
export interface KeyPort {
  lookup(id: string): KeyRow | undefined
  refresh(): Promise<unknown>
}

/** Everything routes are built from. */
export interface ApiDeps {
  db: Database
  /** A session opened read-only, for `POST /v1/query`. Absent: SQL is refused. */
  sql?: Database
  master: MasterSecret
  keys: KeyPort
  exports: ExportPort
  log: LogPort
  /** Absent: `POST /v1/backup` says where backups come from instead. */
  backup?: BackupPort
  /** Last errors of the parts of this server, newest first. */
  errors?: () => Promise<{ part: string; at: string; code: string; message: string }[]>
  now?: () => number
}
