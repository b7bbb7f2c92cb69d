import { resolve } from 'node:path'
import type { Mappings } from '../provider.js'
import { mappings as anthropic } from '../providers/anthropic.js'
import { mappings as google } from '../providers/google.js'
import { mappings as openai } from '../providers/openai.js'
import type { Spool } from '../spool-hook.js'
import { DirectorySpool } from './directory-spool.js'

const DEFAULT_BYTES = 64 * 1024 * 1024
const BEAT_MS = 15_000
const STALE_MS = 60_000

/** How much disk it may take, and what it survives. */
export interface SpoolOptions {
  /** Of all of this client's files together, and roughly: one segment more. @default 64 MiB */
  maxBytes?: number | undefined
  /** Also survives a power cut, at the price of one disk flush an event. @default false */
  fsync?: boolean | undefined
}

export type { Spool } from '../spool-hook.js'

const opened = new Map<string, Spool>()

/**
 * A directory in which events stand until they are acknowledged, so that they outlive the process; for the option
 * `spool` of `createFlywheel`. A later client of the same directory sends what an ended process has left. What is
 * written is what is sent, in plain text and for its owner's eyes; one directory serves one project.
 * @example
 * createFlywheel({ spool: spool('/var/lib/app/flywheel') })
 */
export function spool(directory: string, options: SpoolOptions = {}): Spool {
  const path = resolve(directory)
  const key = JSON.stringify([path, options.maxBytes, options.fsync])
  // The same object again, so that `createFlywheel` with the same options is the same client.
  const known = opened.get(key)
  if (known) return known
  const mappings: Mappings = { ...openai, ...anthropic, ...google }
  const directoryOptions = {
    directory: path,
    maxBytes: options.maxBytes ?? DEFAULT_BYTES,
    isSynced: options.fsync ?? false,
    beatMs: BEAT_MS,
    staleMs: STALE_MS,
  }
  const made: Spool = { mappings, open: (report) => new DirectorySpool(directoryOptions, report) }
  opened.set(key, made)
  return made
}
