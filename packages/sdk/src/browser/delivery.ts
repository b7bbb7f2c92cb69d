import type { Report } from '../diagnostics.js'
import type { UseStorage } from './storage.js'

/** What all requests of a page that may outlive it can hold together, beacons included (Fetch standard, keepalive). */
const OUTLIVING_BYTES = 65_536
/** Below this a beacon was not refused for its size. */
const SMALL_BYTES = 4096
const MAX_BYTES = 2 * 1024 * 1024
const FLUSH_MS = 300
const CONFIRM_MS = 5000
const TIMEOUT_MS = 15_000

interface Entry {
  readonly line: string
  readonly size: number
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
  const entries = new Set<Entry>()
  const prefix = `flywheel ${url} `
  const own = prefix + Math.random()
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<number> | undefined
  let failures = 0
  let maxLines = 100

  const schedule = (ms: number) => {
    timer ??= setTimeout(run, ms)
  }
  const unschedule = () => {
    clearTimeout(timer)
    timer = undefined
  }
  const byRank = (test: (entry: Entry) => boolean = () => true) =>
    [...entries].filter(test).sort((a, b) => a.rank - b.rank)
  /** The rest for the next page, as it stands now. */
  const store = () =>
    storage((it) =>
      entries.size > 0 ? it.setItem(own, JSON.stringify(byRank().map(({ line }) => line))) : it.removeItem(own),
    )

  /** Takes the first that go into one request out of `from`; a line too long for any goes alone. */
  function take(from: Entry[]): Entry[] {
    let [size, count] = [0, 0]
    for (const entry of from) {
      size += entry.size + 1
      if (count > 0 && (size > OUTLIVING_BYTES || count >= maxLines)) break
      count++
    }
    return from.splice(0, count)
  }

  /** Milliseconds to wait before the next attempt; 0 if it is settled. */
  async function request(batch: Entry[], keepalive: boolean): Promise<number> {
    let status = 0
    let waitMs = 0
    let answer: { accepted?: unknown; rejected?: { code?: string }[]; code?: string } | undefined
    if (keepalive) for (const entry of batch) entry.state = 1
    try {
      const response = await fetch(url, {
        method: 'POST',
        // A text has the type text/plain, which needs no preflight.
        body: bodyOf(batch),
        keepalive,
        signal: AbortSignal.timeout?.(TIMEOUT_MS) ?? null,
        ...(publicKey && { headers: { authorization: `Bearer ${publicKey}` } }),
      })
      status = response.status
      waitMs = Number(response.headers.get('retry-after')) * 1000
      answer = await response.json()
    } catch {}
    for (const entry of batch) entry.state = 0
    // Only the contract's answer is an acknowledgement: a captive portal says 200 too.
    const isTaken = status < 300 && typeof answer?.accepted === 'number'
    if (status === 413 && batch.length > 1) maxLines = batch.length >> 1
    else if (isTaken || [400, 413, 415, 422].includes(status)) {
      for (const entry of batch) entries.delete(entry)
      store()
      const refused = answer?.rejected?.map(({ code }) => code) ?? [answer?.code]
      if (!isTaken || refused.length > 0) report('rejected', `${url} refused events: ${status} ${refused}`)
      failures = 0
    } else {
      report('delivery_failed', `${url} answered ${status || 'nothing'}; ${entries.size} events wait`)
      return Math.max(waitMs || 0, Math.min(60_000, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2))
    }
    return 0
  }

  async function send(): Promise<number> {
    for (;;) {
      const batch = take(byRank(({ state }) => state !== 1))
      if (batch.length === 0) break
      // What fails with keepalive may have failed for what else the page has in flight.
      const waitMs = await request(batch, failures === 0 && bodyOf(batch).length < OUTLIVING_BYTES)
      if (waitMs > 0) {
        schedule(waitMs)
        break
      }
    }
    return entries.size
  }
  function run(): Promise<number> {
    unschedule()
    running ??= send().finally(() => {
      running = undefined
    })
    return running
  }

  function beacon(batch: Entry[]): void {
    const body = bodyOf(batch)
    try {
      // A beacon cannot carry a key.
      if ((!publicKey || batch.every(({ line }) => line.includes('"ticket":'))) && navigator.sendBeacon(url, body)) {
        for (const entry of batch) entry.state = 2
        return
      }
    } catch {}
    if (batch.length > 1 && body.length > SMALL_BYTES) {
      beacon(batch.splice(0, batch.length >> 1))
      beacon(batch)
    } else void request(batch, true)
  }

  function hide({ type }: Event): void {
    if (entries.size === 0 || (type !== 'pagehide' && document.visibilityState !== 'hidden')) return
    for (const rest = byRank(({ state }) => state === 0); rest.length > 0; ) beacon(take(rest))
    store()
    unschedule()
    schedule(CONFIRM_MS)
  }

  function add(line: string): void {
    const { kind, stage } = JSON.parse(line)
    const rank = kind !== 'correction' ? 2 : stage === 'draft' ? 1 : 0
    entries.add({ line, size: new Blob([line]).size, rank, state: 0 })
    for (;;) {
      const all = byRank()
      if (all.reduce((sum, { size }) => sum + size, 0) <= MAX_BYTES) break
      // The oldest of the least wanted.
      entries.delete(all.find(({ rank }) => rank === all.at(-1)?.rank) as Entry)
      report('queue_full', 'an event was dropped')
    }
    schedule(FLUSH_MS)
  }

  // On a server, where pages are rendered, there is no page to send for.
  if (typeof location !== 'object') return { add() {}, flush: async () => 0 }
  storage((it) => {
    for (const key of Object.keys(it).filter((name) => name.startsWith(prefix))) {
      const lines = it.getItem(key) as string
      it.removeItem(key)
      JSON.parse(lines).forEach(add)
    }
  })
  addEventListener('pagehide', hide)
  addEventListener('visibilitychange', hide)
  addEventListener('online', run)
  return { add, flush: run }
}
