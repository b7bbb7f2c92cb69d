import { importMs, nextRun, type Seen, type Servers, startServers, task } from './compare-child.js'
import { bundleBytes, CONTENDERS, type Contender, entryBytes, install, versions } from './compare-setup.js'
import { added, median, type Pair, ratio, round } from './statistics.js'

export { CONTENDERS } from './compare-setup.js'

/** How much is measured. */
export interface Effort {
  /** Times that every contender gets its turn, each in a new process. */
  readonly rounds: number
  readonly pairs: number
  readonly callUnits: number
  readonly streamUnits: number
  /** Pairs of single streams a process. */
  readonly tokens: number
  readonly heapCalls: number
  readonly outage: {
    readonly calls: number
    readonly perSecond: number
    readonly outageMs: number
    readonly waitMs: number
  }
  readonly exitCalls: number
  readonly imports: number
}

export const LONG: Effort = {
  rounds: 4,
  pairs: 6,
  callUnits: 200,
  streamUnits: 40,
  tokens: 150,
  heapCalls: 20_000,
  outage: { calls: 550, perSecond: 150, outageMs: 5000, waitMs: 15_000 },
  exitCalls: 200,
  imports: 9,
}

/** Enough to see that every contender still works; its figures say nothing. */
export const QUICK: Effort = {
  rounds: 1,
  pairs: 2,
  callUnits: 20,
  streamUnits: 5,
  tokens: 10,
  heapCalls: 2000,
  outage: { calls: 100, perSecond: 150, outageMs: 1000, waitMs: 5000 },
  exitCalls: 20,
  imports: 2,
}

export interface Heap extends Seen {
  readonly kept_mb: number
  readonly calls: number
  readonly first: number | null
  readonly last: number | null
  readonly counters?: { created: number; sent: number; pending: number; dropped: Record<string, number> }
}

/** One contender's row, with every raw sample. */
export interface Row {
  readonly contender: Contender
  readonly versions: Record<string, string>
  readonly call: Pair[]
  readonly stream: Pair[]
  readonly first_token: Pair[]
  /** Smallest share of a block's calls that the sink had when the block was flushed. */
  delivered_share: number
  heap?: Heap
  outage?: Seen & { readonly calls: number }
  exit?: Seen & { readonly calls: number }
  bundle_bytes?: number
  entry_bytes?: number
  readonly import_ms: number[]
  /** Tasks that its process did not survive. */
  readonly errors: string[]
}

/** The figures of a row; µs and ms are CPU but for the first token. */
export interface Figures {
  readonly call_us: number
  readonly call_ratio: number
  readonly bare_call_us: number
  readonly stream_us: number
  readonly stream_ratio: number
  readonly bare_stream_us: number
  readonly first_token_ms: number
  readonly import_ms: number
}

export function figures(row: Row, emptyImportMs: readonly number[]): Figures {
  return {
    call_us: round(added(row.call)),
    call_ratio: round(ratio(row.call), 3),
    bare_call_us: round(median(row.call.map(([bare]) => bare))),
    stream_us: round(added(row.stream)),
    stream_ratio: round(ratio(row.stream), 3),
    bare_stream_us: round(median(row.stream.map(([bare]) => bare))),
    first_token_ms: round(added(row.first_token), 4),
    import_ms: round(median(row.import_ms) - median(emptyImportMs)),
  }
}

export interface Comparison {
  readonly rows: Row[]
  readonly emptyImportMs: number[]
  readonly requests: Record<string, number>
  readonly seconds: number
}

interface CpuResult {
  readonly call: Pair[]
  readonly stream: Pair[]
  readonly first_token: Pair[]
  readonly delivered_share: number
}

/** Measures every contender against the bare client, in turns, so that what the machine does meanwhile hits all alike. */
export async function compare(effort: Effort, names: readonly Contender[] = CONTENDERS): Promise<Comparison> {
  const start = performance.now()
  install()
  const servers = await startServers()
  const rows: Row[] = []
  for (const contender of names) {
    const empty = { call: [], stream: [], first_token: [], delivered_share: 1, import_ms: [], errors: [] }
    rows.push({ contender, versions: await versions(contender), ...empty })
  }
  const emptyImportMs: number[] = []
  const tell = (what: string) => console.error(`bench: ${what} (${Math.round((performance.now() - start) / 1000)} s)`)
  try {
    for (let turn = 0; turn < effort.rounds; turn++) {
      await cpuRound(rows, servers, effort, turn)
      tell(`CPU, round ${turn + 1} of ${effort.rounds}`)
    }
    const peers = rows.filter(({ contender }) => contender !== 'none')
    await reliability(peers, servers, effort, tell)
    for (let turn = 0; turn < effort.imports; turn++) {
      emptyImportMs.push(await importMs(null))
      for (const row of peers) row.import_ms.push(await importMs(row.contender))
    }
    for (const row of peers) row.bundle_bytes = await bundleBytes(row.contender)
    const own = peers.find(({ contender }) => contender === 'flywheel')
    if (own) own.entry_bytes = await entryBytes()
    tell('imports and sizes')
    return { rows, emptyImportMs, requests: await servers.requests(), seconds: (performance.now() - start) / 1000 }
  } finally {
    servers.stop()
  }
}

async function cpuRound(rows: readonly Row[], servers: Servers, effort: Effort, turn: number): Promise<void> {
  const { pairs, callUnits, streamUnits, tokens } = effort
  for (let place = 0; place < rows.length; place++) {
    // Another one begins each round.
    const row = rows[(place + turn) % rows.length] as Row
    const parameters = { ...servers.urls, run: nextRun(), pairs, callUnits, streamUnits, tokens }
    const result = await task<CpuResult>(row.contender, 'cpu', parameters)
    row.call.push(...result.call)
    row.stream.push(...result.stream)
    row.first_token.push(...result.first_token)
    row.delivered_share = Math.min(row.delivered_share, result.delivered_share)
  }
}

async function reliability(
  rows: readonly Row[],
  servers: Servers,
  effort: Effort,
  tell: (what: string) => void,
): Promise<void> {
  /** A peer that dies of a task is told so in its row; ours ends the benchmark. */
  const each = async (name: string, body: (row: Row, common: { run: string }) => Promise<void>) => {
    for (const row of rows) {
      try {
        await body(row, { ...servers.urls, run: nextRun() })
      } catch (error) {
        if (row.contender === 'flywheel') throw error
        row.errors.push(String(error))
      }
    }
    tell(name)
  }
  await each('heap', async (row, common) => {
    row.heap = await task<Heap>(row.contender, 'heap', { ...common, calls: effort.heapCalls })
  })
  await each('outage', async (row, common) => {
    row.outage = await task(row.contender, 'outage', { ...common, ...effort.outage })
  })
  await each('natural exit', async (row, common) => {
    await task(row.contender, 'exit', { ...common, calls: effort.exitCalls })
    row.exit = { calls: effort.exitCalls, ...(await servers.seen(`${common.run}x`)) }
  })
}
