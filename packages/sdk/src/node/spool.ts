import { accessSync, constants, existsSync, mkdirSync, renameSync } from 'node:fs'
import { readdir, readFile, rename, stat, truncate, unlink, utimes } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { hashBlobs } from '../blobs.js'
import type { Report } from '../diagnostics.js'
import type { Mappings } from '../provider.js'
import { mappings as anthropic } from '../providers/anthropic.js'
import { mappings as google } from '../providers/google.js'
import { mappings as openai } from '../providers/openai.js'
import type { Entry } from '../queue.js'
import type { OpenSpool, Spool, SpoolStats } from '../spool-hook.js'
import { hasEnded, NOBODY, type Owner, ownerHere, ownerName, parseOwner } from './owner.js'
import { nodeRuntime } from './runtime.js'
import { parseSegment, Segment } from './segment.js'

/** An entry whose text is on the disk alone weighs this much in memory. */
const ENTRY_BYTES = 200
const MAX_SEGMENT_BYTES = 1024 * 1024
/** A disk that refused is asked again after this. */
const REFUSED_MS = 5000
const BEAT_MS = 15_000
/** Files that have been silent for so long are nobody's, where their owner cannot be asked. */
const STALE_MS = 60_000

export interface SpoolOptions {
  /** Of all of this client's files together, and roughly: one segment more. @default 64 MiB */
  maxBytes?: number | undefined
  /** Also survives a power cut, at the price of one disk flush an event. @default false */
  fsync?: boolean | undefined
}

export type { Spool } from '../spool-hook.js'

const NAME = /^([^.]+)\.([if])(\d+)\.ndjson$/
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
  const made: Spool = {
    mappings,
    open: (report) => new DirectorySpool(path, options.maxBytes ?? 64 * 1024 * 1024, options.fsync ?? false, report),
  }
  opened.set(key, made)
  return made
}

/** Not `recursive`: where the system refuses a new entry with ENOENT, as `/proc` does, Node's own never returns. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  if (dirname(path) !== path) makeDirectory(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Interactions and the rest stand in files of their own, so that the oldest interactions can go before any feedback. */
type Chain = 'i' | 'f'

class DirectorySpool implements OpenSpool {
  readonly #directory: string
  readonly #maxBytes: number
  readonly #isSynced: boolean
  readonly #report: Report
  readonly #me: Owner = ownerHere()
  readonly #segments = new Set<Segment>()
  readonly #current: Partial<Record<Chain, Segment>> = {}
  /** Of all segments. */
  #bytes = 0
  #count = 0
  #adopted = 0
  #refusedAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(directory: string, maxBytes: number, isSynced: boolean, report: Report) {
    this.#directory = directory
    this.#maxBytes = maxBytes
    this.#isSynced = isSynced
    this.#report = report
    this.#guard(() => {
      makeDirectory(directory)
      accessSync(directory, constants.W_OK)
    })
  }

  hash(line: string, blobs: Parameters<OpenSpool['hash']>[1]): string {
    return hashBlobs(line, blobs, nodeRuntime)
  }

  take(entry: Entry, memoryLeft: number): void {
    if (performance.now() - this.#refusedAt < REFUSED_MS || entry.size > this.#maxBytes) return
    this.#guard(() => {
      const segment = this.#segment(entry.isInteraction ? 'i' : 'f')
      const before = segment.bytes
      entry.at = { segment, ...segment.append(entry.line, entry.size, this.#isSynced) }
      this.#bytes += segment.bytes - before
      if (entry.bytes > memoryLeft) {
        entry.line = ''
        entry.bytes = ENTRY_BYTES
      }
    })
  }

  isFull(): boolean {
    return this.#bytes > this.#maxBytes
  }

  read({ at, size }: Entry): string | null {
    return (at && this.#guard(() => (at.segment as Segment).read(at.offset, size))) ?? null
  }

  release(entries: readonly Entry[]): void {
    const touched = new Set<Segment>()
    for (const { at } of entries) {
      if (!at) continue
      const segment = at.segment as Segment
      segment.release(at.index)
      touched.add(segment)
    }
    for (const segment of touched) if (segment.live === 0) this.#guard(() => this.#free(segment))
  }

  mark(): void {
    for (const segment of this.#segments) {
      this.#bytes -= segment.bytes
      this.#guard(() => segment.mark())
      this.#bytes += segment.bytes
    }
  }

  async adopt(add: (entry: Entry) => void, torn: () => void): Promise<void> {
    let beat = 0
    this.#timer = setInterval(() => {
      void this.#beat()
      if (++beat % 2 === 0) void this.#scan(add, torn)
    }, BEAT_MS)
    this.#timer.unref()
    await this.#scan(add, torn)
  }

  close(): void {
    clearInterval(this.#timer)
    this.mark()
    for (const segment of this.#segments) {
      this.#guard(() => {
        if (segment.live === 0) return segment.remove()
        segment.close()
        renameSync(segment.path, segment.path.replace(/[^/\\]+(?=\.[if]\d+\.ndjson$)/, `${NOBODY}${this.#me.client}`))
      })
    }
    this.#segments.clear()
  }

  stats(): SpoolStats {
    return { bytes: this.#bytes, adopted: this.#adopted }
  }

  /** The file to write to: a new one when the last is full. */
  #segment(chain: Chain): Segment {
    const last = this.#current[chain]
    if (last && last.bytes < Math.min(MAX_SEGMENT_BYTES, this.#maxBytes / 8)) return last
    const segment = new Segment(this.#path(chain))
    this.#segments.add(segment)
    this.#current[chain] = segment
    return segment
  }

  #path(chain: string): string {
    return join(this.#directory, `${ownerName(this.#me)}.${chain}${this.#count++}.ndjson`)
  }

  #free(segment: Segment): void {
    this.#bytes -= segment.bytes
    if (Object.values(this.#current).includes(segment)) segment.clear()
    else {
      this.#segments.delete(segment)
      segment.remove()
    }
  }

  /** Shows those who cannot see this process that it lives. */
  async #beat(): Promise<void> {
    const now = new Date()
    for (const segment of this.#segments) {
      await utimes(segment.path, now, now).catch(() => {
        // Somebody took it for a dead one's: what comes from now on goes into another file.
        for (const chain of ['i', 'f'] as const) if (this.#current[chain] === segment) delete this.#current[chain]
      })
    }
  }

  async #scan(add: (entry: Entry) => void, torn: () => void): Promise<void> {
    try {
      const names = (await readdir(this.#directory)).map((name) => NAME.exec(name)).filter((match) => match !== null)
      names.sort((a, b) => Number(a[3]) - Number(b[3]))
      for (const [name, owner, chain] of names) {
        if (await this.#isLeft(name, owner as string)) await this.#claim(name, chain as Chain, add, torn)
      }
    } catch (error) {
      this.#refused(error)
    }
  }

  async #isLeft(name: string, ownerText: string): Promise<boolean> {
    if (ownerText.startsWith(NOBODY)) return true
    const owner = parseOwner(ownerText)
    if (!owner || owner.client === this.#me.client) return false
    const ended = hasEnded(owner, this.#me)
    if (ended !== undefined) return ended
    const { mtimeMs } = await stat(join(this.#directory, name)).catch(() => ({ mtimeMs: Date.now() }))
    return Date.now() - mtimeMs > STALE_MS
  }

  /** A file belongs to whoever renames it; of several that try, one can. */
  async #claim(name: string, chain: Chain, add: (entry: Entry) => void, torn: () => void): Promise<void> {
    const path = this.#path(chain)
    try {
      await rename(join(this.#directory, name), path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    const { lines, end, isTorn } = parseSegment(await readFile(path))
    if (isTorn) torn()
    if (lines.length === 0) return await unlink(path)
    await truncate(path, end)
    const segment = new Segment(path, end, lines.length)
    this.#segments.add(segment)
    this.#bytes += end
    for (const { index, offset, size } of lines) {
      this.#adopted++
      const at = { segment, index, offset }
      add({ isInteraction: chain === 'i', line: '', size, bytes: ENTRY_BYTES, order: 0, blobs: undefined, at })
    }
  }

  #guard<T>(step: () => T): T | undefined {
    try {
      return step()
    } catch (error) {
      this.#refused(error)
      return undefined
    }
  }

  #refused(error: unknown): void {
    this.#refusedAt = performance.now()
    const reason = error instanceof Error ? error.message : String(error)
    this.#report('spool_failed', `the spool cannot be used, events are in memory alone: ${reason}`, error)
  }
}
