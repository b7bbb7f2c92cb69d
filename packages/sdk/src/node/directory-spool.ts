import { accessSync, constants, existsSync, mkdirSync, renameSync } from 'node:fs'
import { readdir, readFile, rename, stat, truncate, unlink, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hashBlobs } from '../blobs.js'
import type { Report } from '../diagnostics.js'
import type { Entry } from '../queue.js'
import type { Adopter, OpenSpool, SpoolStats } from '../spool-hook.js'
import { hasEnded, NOBODY, type Owner, ownerHere, ownerName, parseOwner } from './owner.js'
import { nodeRuntime } from './runtime.js'
import { parseSegment, Segment } from './segment.js'

/** An entry whose text is on the disk alone weighs this much in memory. */
const ENTRY_BYTES = 200
const MAX_SEGMENT_BYTES = 1024 * 1024
/** A disk that refused is asked again after this. */
const REFUSED_MS = 5000
const ROOM_MS = 50

const NAME = /^([^.]+)\.([if])(\d+)\.ndjson$/

export interface DirectoryOptions {
  readonly directory: string
  readonly maxBytes: number
  readonly isSynced: boolean
  /** How often the files are touched; after twice that, what ended processes have left is looked for. */
  readonly beatMs: number
  /** Files that have been silent for so long are nobody's, where their owner cannot be asked. */
  readonly staleMs: number
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

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref())

/** Interactions and the rest stand in files of their own, so that the oldest interactions can go before any feedback. */
type Chain = 'i' | 'f'

/** One client's files in the directory, and the taking over of those of ended processes. */
export class DirectorySpool implements OpenSpool {
  readonly #options: DirectoryOptions
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
  #isScanning = false
  #isClosed = false

  constructor(options: DirectoryOptions, report: Report) {
    const { directory } = options
    this.#options = options
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
    if (performance.now() - this.#refusedAt < REFUSED_MS || entry.size > this.#options.maxBytes) return
    this.#guard(() => {
      const segment = this.#segment(entry.isInteraction ? 'i' : 'f')
      const before = segment.bytes
      entry.at = { segment, ...segment.append(entry.line, entry.size, this.#options.isSynced) }
      this.#bytes += segment.bytes - before
      if (entry.bytes > memoryLeft) {
        entry.line = ''
        entry.bytes = ENTRY_BYTES
      }
    })
  }

  isFull(): boolean {
    return this.#bytes > this.#options.maxBytes
  }

  read({ at, size }: Entry): string | null {
    return (at && this.#guard(() => (at.segment as Segment).read(at.offset, size))) ?? null
  }

  release(entries: readonly Entry[]): void {
    // What was left to the next process is that one's to settle.
    if (this.#isClosed) return
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

  async adopt(adopter: Adopter): Promise<void> {
    let beat = 0
    this.#timer = setInterval(() => {
      void this.#beat()
      if (++beat % 2 === 0) void this.#scan(adopter)
    }, this.#options.beatMs)
    this.#timer.unref()
    await this.#scan(adopter)
  }

  close(): void {
    clearInterval(this.#timer)
    this.mark()
    this.#isClosed = true
    for (const segment of this.#segments) this.#leave(segment)
  }

  stats(): SpoolStats {
    return { bytes: this.#bytes, adopted: this.#adopted }
  }

  /** From here on anybody's. */
  #leave(segment: Segment): void {
    this.#segments.delete(segment)
    this.#guard(() => {
      if (segment.live === 0) segment.remove()
      else {
        segment.close()
        const name = `${NOBODY}${this.#me.client}`
        renameSync(segment.path, segment.path.replace(/[^/\\]+(?=\.[if]\d+\.ndjson$)/, name))
      }
    })
  }

  /** The file to write to: a new one when the last is full. */
  #segment(chain: Chain): Segment {
    const last = this.#current[chain]
    if (last && last.bytes < Math.min(MAX_SEGMENT_BYTES, this.#options.maxBytes / 8)) return last
    const segment = new Segment(this.#path(chain))
    this.#segments.add(segment)
    this.#current[chain] = segment
    return segment
  }

  #path(chain: string): string {
    return join(this.#options.directory, `${ownerName(this.#me)}.${chain}${this.#count++}.ndjson`)
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

  async #scan(adopter: Adopter): Promise<void> {
    if (this.#isScanning) return
    this.#isScanning = true
    try {
      const names = (await readdir(this.#options.directory))
        .map((name) => NAME.exec(name))
        .filter((match) => match !== null)
      names.sort((a, b) => Number(a[3]) - Number(b[3]))
      for (const [name, owner, chain] of names) {
        if (!(await this.#isLeft(name, owner as string))) continue
        if (this.#isClosed) break
        await this.#claim(name, chain as Chain, adopter)
      }
    } catch (error) {
      this.#refused(error)
    }
    this.#isScanning = false
  }

  async #isLeft(name: string, ownerText: string): Promise<boolean> {
    if (ownerText.startsWith(NOBODY)) return true
    const owner = parseOwner(ownerText)
    if (!owner || owner.client === this.#me.client) return false
    const ended = hasEnded(owner, this.#me)
    if (ended !== undefined) return ended
    const { mtimeMs } = await stat(join(this.#options.directory, name)).catch(() => ({ mtimeMs: Date.now() }))
    return Date.now() - mtimeMs > this.#options.staleMs
  }

  /** A file belongs to whoever renames it; of several that try, one can. */
  async #claim(name: string, chain: Chain, adopter: Adopter): Promise<void> {
    const path = this.#path(chain)
    try {
      await rename(join(this.#options.directory, name), path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    const { lines, end, isTorn } = parseSegment(await readFile(path))
    if (isTorn) adopter.torn()
    if (lines.length === 0) return await unlink(path)
    await truncate(path, end)
    const segment = new Segment(path, end, lines.length)
    this.#segments.add(segment)
    this.#bytes += end
    if (this.#isClosed) return this.#leave(segment)
    for (const { index, offset, size } of lines) {
      // What memory has no room for waits on the disk.
      while (!this.#isClosed && !adopter.hasRoom()) await sleep(ROOM_MS)
      if (this.#isClosed) return
      this.#adopted++
      const at = { segment, index, offset }
      adopter.add({ isInteraction: chain === 'i', line: '', size, bytes: ENTRY_BYTES, order: 0, blobs: undefined, at })
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
