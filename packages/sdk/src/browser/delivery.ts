import type { Report } from '../diagnostics.js'
import type { UseStorage } from './storage.js'

/** What all requests of a page that may outlive it can hold together, beacons included (Fetch standard, keepalive). */
const OUTLIVING_BYTES = 65_536
const MAX_CHARACTERS = 2_000_000
const FLUSH_MS = 300
const CONFIRM_MS = 5000
const TIMEOUT_MS = 15_000
const MAX_BACKOFF_MS = 60_000
/** Sent again it would be refused again. */
const FINAL = [400, 413, 415, 422]

interface Entry {
  readonly line: string
  /** 0 a committed correction, 1 a draft, 2 anything else: what is sent first and dropped last. */
  readonly rank: number
  /** 0 waits, 1 is in a request that outlives the page, 2 was taken by a beacon, which never says what became of it. */
  state: 0 | 1 | 2
}

/** Holds events until the collector has acknowledged them. No method throws. */
export interface Delivery {
  add(line: string): void
  /** Sends now; resolves with the number of events that are not acknowledged yet. */
  flush(): Promise<number>
}

const bodyOf = (batch: Entry[]) => batch.map(({ line }) => line).join('\n')
const fits = (batch: Entry[]) => new Blob([bodyOf(batch)]).size <= OUTLIVING_BYTES

/** Takes the first that go into one request out of `from`; a line too long for any goes alone. */
function take(from: Entry[]): Entry[] {
  const batch = from.splice(0, 1)
  while (from[0] && fits([...batch, from[0]])) batch.push(...from.splice(0, 1))
  return batch
}

/**
 * Sends soon after an event, retries while the page lives, and when the page is hidden hands over to beacons. A beacon
 * has no answer, so its events are sent once more when the page lives on, or by the next page of the tab; the collector
 * knows them by their ids.
 */
export function createDelivery(
  url: string,
  publicKey: string | undefined,
  storage: UseStorage,
  report: Report,
): Delivery {
  /** What matters most first, then the newest. */
  let entries: Entry[] = []
  const prefix = `flywheel ${url} `
  const own = prefix + Math.random()
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<number> | undefined
  let failures = 0

  const schedule = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(run, ms)
  }
  const mark = (batch: Entry[], state: Entry['state']) => {
    for (const entry of batch) entry.state = state
  }
  /** The rest for the next page, as it stands now. */
  const store = () =>
    storage((it) => {
      delete it[own]
      if (entries[0]) it[own] = bodyOf(entries)
    })

  /** Milliseconds to wait before the next attempt; 0 if it is settled. */
  async function request(batch: Entry[], keepalive: boolean): Promise<number> {
    let status = 0
    let waitMs = 0
    let answer: { accepted?: unknown; rejected?: unknown[] } | undefined
    if (keepalive) mark(batch, 1)
    try {
      const response = await fetch(url, {
        method: 'POST',
        // A text has the type text/plain, which needs no preflight.
        body: bodyOf(batch),
        keepalive,
        signal: AbortSignal.timeout?.(TIMEOUT_MS) as AbortSignal,
        ...(publicKey && { headers: { authorization: `Bearer ${publicKey}` } }),
      })
      status = response.status
      waitMs = Number(response.headers.get('retry-after')) * 1000
      answer = await response.json()
    } catch {}
    mark(batch, 0)
    // Only the contract's answer is an acknowledgement: a captive portal says 200 too.
    const isTaken = (answer?.accepted as number) >= 0
    if (isTaken || FINAL.includes(status)) {
      entries = entries.filter((entry) => !batch.includes(entry))
      store()
      if (!isTaken || answer?.rejected?.[0]) report('rejected', `${status} ${JSON.stringify(answer)}`)
      failures = 0
      return 0
    }
    report('delivery_failed', `${status} from ${url}`)
    return Math.max(waitMs || 0, Math.min(MAX_BACKOFF_MS, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2))
  }

  async function send(): Promise<number> {
    for (;;) {
      const batch = take(entries.filter(({ state }) => state !== 1))
      if (!batch[0]) break
      // What fails with keepalive may have failed for what else the page has in flight.
      const waitMs = await request(batch, !failures && fits(batch))
      if (waitMs) {
        schedule(waitMs)
        break
      }
    }
    return entries.length
  }
  function run(): Promise<number> {
    clearTimeout(timer)
    running ??= send().finally(() => {
      running = undefined
    })
    return running
  }

  function beacon(batch: Entry[]): void {
    try {
      // A beacon cannot carry a key.
      if (!publicKey && navigator.sendBeacon(url, bodyOf(batch))) {
        mark(batch, 2)
        return
      }
    } catch {}
    if (batch[1]) {
      // Refused for its size, with what else the page has in flight, or for what it is.
      beacon(batch.splice(0, batch.length >> 1))
      beacon(batch)
    } else void request(batch, true)
  }

  /** Hidden, closed, left; and shown again, when as a rule nothing waits. */
  function hide(): void {
    for (const rest = entries.filter(({ state }) => !state); rest[0]; ) beacon(take(rest))
    store()
    schedule(CONFIRM_MS)
  }

  function add(line: string): void {
    const { kind, stage } = JSON.parse(line)
    const rank = kind !== 'correction' ? 2 : stage === 'draft' ? 1 : 0
    entries.unshift({ line, rank, state: 0 })
    entries.sort((a, b) => a.rank - b.rank)
    while (bodyOf(entries).length > MAX_CHARACTERS) {
      entries.pop()
      report('queue_full', 'dropped')
    }
    // While it fails the next attempt is on its way, and not sooner for a new event.
    if (!failures) schedule(FLUSH_MS)
  }

  // On a server, where pages are rendered, there is no page to send for.
  if (typeof location !== 'object') return { add() {}, flush: async () => 0 }
  storage((it) => {
    for (const key of Object.keys(it).filter((name) => name.startsWith(prefix))) {
      const lines = it[key]
      delete it[key]
      lines.split('\n').forEach(add)
    }
  })
  addEventListener('pagehide', hide)
  addEventListener('visibilitychange', hide)
  addEventListener('online', run)
  return { add, flush: run }
}
