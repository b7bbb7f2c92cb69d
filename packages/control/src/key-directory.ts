import { type MasterSecret, unseal } from '@flywheel/keys'
import { type Database, type KeyRow, loadKeys, loadProjects, type ProjectRow } from '@flywheel/store'

/** Every key and project in memory, so that no request waits for the store. */
export interface KeyDirectory {
  /** False until the first load; requests before it cannot be told from forged ones. */
  readonly isLoaded: boolean
  lookup(id: string): KeyRow | undefined
  project(id: string): ProjectRow | undefined
  /**
   * The key that tickets of this API key are verified with.
   * @param now Unix milliseconds
   * @returns null where there is none, `revoked` where the key is revoked or its time as a retired key is over
   */
  ticketKey(id: string, now: number): Buffer | null | 'revoked'
  /** Loads everything anew; on failure the last state stays and the promise rejects. */
  refresh(): Promise<void>
  /** Ends the refreshing. */
  close(): void
}

export interface KeyDirectoryOptions {
  db: Database
  master: MasterSecret
  /** Milliseconds between two loads: how long a revoked key may still be taken. @default 2000 */
  refresh_ms?: number
  /** Called when a load in the background failed; the last state stays in use. */
  onError?: (error: unknown) => void
}

/** Loads once, then again every `refresh_ms` on a timer that keeps no process alive. */
export async function createKeyDirectory(options: KeyDirectoryOptions): Promise<KeyDirectory> {
  const directory = new StoreKeyDirectory(options)
  await directory.refresh()
  directory.start(options.refresh_ms ?? 2000)
  return directory
}

class StoreKeyDirectory implements KeyDirectory {
  readonly #options: KeyDirectoryOptions
  #keys: ReadonlyMap<string, KeyRow> = new Map()
  #projects: ReadonlyMap<string, ProjectRow> = new Map()
  /** By sealed text, so that a key is opened once. */
  #ticketKeys: ReadonlyMap<string, Buffer> = new Map()
  #isLoaded = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  #started = 0
  #shown = 0

  constructor(options: KeyDirectoryOptions) {
    this.#options = options
  }

  get isLoaded(): boolean {
    return this.#isLoaded
  }

  lookup(id: string): KeyRow | undefined {
    return this.#keys.get(id)
  }

  project(id: string): ProjectRow | undefined {
    return this.#projects.get(id)
  }

  ticketKey(id: string, now: number): Buffer | null | 'revoked' {
    const row = this.#keys.get(id)
    if (row === undefined) return null
    if (row.status === 'revoked') return 'revoked'
    if (row.status === 'retired' && Date.parse(row.verifies_until) <= now) return 'revoked'
    return this.#ticketKeys.get(row.ticket_key_sealed) ?? null
  }

  async refresh(): Promise<void> {
    const turn = ++this.#started
    const [keys, projects] = await Promise.all([loadKeys(this.#options.db), loadProjects(this.#options.db)])
    // A load that began earlier and ended later must not bring a revoked key back.
    if (turn < this.#shown) return
    const ticketKeys = new Map<string, Buffer>()
    for (const { ticket_key_sealed: sealed } of keys) {
      if (sealed !== '') ticketKeys.set(sealed, this.#ticketKeys.get(sealed) ?? unseal(this.#options.master, sealed))
    }
    this.#shown = turn
    this.#keys = new Map(keys.map((row) => [row.id, row]))
    this.#projects = new Map(projects.map((row) => [row.id, row]))
    this.#ticketKeys = ticketKeys
    this.#isLoaded = true
  }

  start(refresh_ms: number): void {
    const next = () => {
      if (this.#isClosed) return
      this.#timer = setTimeout(() => {
        this.refresh()
          .catch((error: unknown) => {
            if (!this.#isClosed) this.#options.onError?.(error)
          })
          .finally(next)
      }, refresh_ms)
      this.#timer.unref()
    }
    next()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }
}
