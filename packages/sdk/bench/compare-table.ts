import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Comparison, type Effort, type Figures, figures, type Row } from './compare.js'
import { round } from './statistics.js'

const PAGE = fileURLToPath(new URL('../docs/benchmark.md', import.meta.url))
const SAMPLES = fileURLToPath(new URL('../docs/benchmark.jsonl', import.meta.url))
/** µs a call between two equal things above which the machine was too busy for the CPU columns to say anything. */
const QUIET_US = 15
const [BEGIN, END] = ['<!-- benchmark:begin -->', '<!-- benchmark:end -->']

export function machine(): { commit: string; cpu: string; node: string } {
  return {
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    cpu: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`,
    node: process.version,
  }
}

export interface Bar {
  readonly bar: string
  readonly measured: string
  readonly isMet: boolean
}

/** What the SDK promises, beside what was measured. */
export function bars({ rows, emptyImportMs }: Comparison): Bar[] {
  const own = rows.find(({ contender }) => contender === 'flywheel')
  if (!own) return []
  const figure = figures(own, emptyImportMs)
  const peers = rows.filter(({ contender }) => contender !== 'flywheel' && contender !== 'none')
  // Without a peer in the run only the absolute figure counts.
  const best = peers.length > 0 ? Math.min(...peers.map((row) => figures(row, emptyImportMs).call_us)) : 0
  const list: Bar[] = [
    {
      bar: `added CPU a call at most 70 µs or 0.45 x the best peer (${best} µs)`,
      measured: best > 0 ? `${figure.call_us} µs, ${round(figure.call_us / best, 2)} x` : `${figure.call_us} µs`,
      isMet: figure.call_us <= 70 || figure.call_us <= 0.45 * best,
    },
    {
      bar: 'added CPU a streamed chunk at most 1 µs',
      measured: `${round(figure.stream_us / 100, 2)} µs`,
      isMet: figure.stream_us <= 100,
    },
    {
      bar: 'added time to first token at most 0.02 ms',
      measured: `${figure.first_token_ms} ms`,
      isMet: figure.first_token_ms <= 0.02,
    },
    { bar: 'import at most 8 ms of CPU', measured: `${figure.import_ms} ms`, isMet: figure.import_ms <= 8 },
  ]
  if (own.heap) list.push(heapBar(own.heap))
  if (own.outage) {
    const { calls, delivered, twice } = own.outage
    list.push({
      bar: 'outage: none lost, none twice',
      measured: `${delivered} of ${calls}, ${twice} twice`,
      isMet: delivered === calls && twice === 0,
    })
  }
  if (own.exit) {
    const { calls, delivered, twice } = own.exit
    list.push({
      bar: 'natural exit loses nothing',
      measured: `${delivered} of ${calls}, ${twice} twice`,
      isMet: delivered === calls && twice === 0,
    })
  }
  if (own.entry_bytes !== undefined) {
    const kB = own.entry_bytes / 1000
    list.push({ bar: 'server entry at most 6 kB gzipped', measured: `${round(kB, 2)} kB`, isMet: kB <= 6 })
  }
  return list
}

function heapBar({ kept_mb, calls, delivered, twice, last, counters }: NonNullable<Row['heap']>): Bar {
  const dropped = Object.values(counters?.dropped ?? {}).reduce((sum, count) => sum + count, 0)
  const isCounted = counters !== undefined && counters.created === counters.sent + counters.pending + dropped
  const isNewest = last === calls - 1 && delivered === counters?.pending
  return {
    bar: `heap kept of ${calls} calls with the collector down at most 16 MB, the newest kept, the drops counted`,
    measured: `${round(kept_mb)} MB; ${dropped} counted as dropped, ${delivered} delivered afterwards${isNewest ? ' to the last one' : ''}, ${twice} twice`,
    isMet: kept_mb <= 16 && isCounted && isNewest && twice === 0,
  }
}

function cells(row: Row, figure: Figures): string[] {
  const { heap, outage, exit } = row
  const isControl = row.contender === 'none'
  const of = (seen: { delivered: number; twice: number } | undefined) =>
    seen ? `${seen.delivered}${seen.twice > 0 ? ` (${seen.twice} twice)` : ''}` : isControl ? '' : 'died'
  return [
    isControl ? 'nothing (control)' : row.contender === 'flywheel' ? '**flywheel**' : row.contender,
    String(figure.call_us),
    String(figure.call_ratio),
    String(figure.stream_us),
    String(round(figure.stream_us / 100, 2)),
    String(figure.stream_ratio),
    String(figure.first_token_ms),
    heap
      ? `${round(heap.kept_mb)} (delivers ${heap.delivered}${heap.last === heap.calls - 1 ? ', newest kept' : ''})`
      : '',
    of(outage),
    of(exit),
    row.bundle_bytes === undefined ? '' : String(round(row.bundle_bytes / 1000)),
    isControl ? '' : String(figure.import_ms),
  ]
}

/** A sentence, if the control says that the CPU columns and what is held against them are noise. */
function noise({ rows, emptyImportMs }: Comparison): string[] {
  const control = rows.find(({ contender }) => contender === 'none')
  const us = control ? figures(control, emptyImportMs).call_us : 0
  if (Math.abs(us) <= QUIET_US) return []
  return [
    `**The machine was busy**: two equal clients measured ${us} µs a call apart. The columns of CPU and of the first token are noise; run it again on a quiet machine.`,
    '',
  ]
}

/** The table, the bars, and under what they were measured, as markdown. */
export function markdown(comparison: Comparison, effort: Effort): string {
  const { rows, emptyImportMs } = comparison
  const [outageCalls, exitCalls] = [effort.outage.calls, effort.exitCalls]
  const head = [
    '',
    'added CPU a call, µs',
    'x bare',
    'added CPU a stream of 100 chunks, µs',
    'a chunk, µs',
    'x bare',
    'added time to first token, ms',
    `heap kept of ${effort.heapCalls} calls with the collector down, MB`,
    `delivered of ${outageCalls} through a ${effort.outage.outageMs / 1000} s outage`,
    `natural exit, of ${exitCalls}`,
    'bundle, gzipped kB',
    'import, CPU ms',
  ]
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const versions = new Map(rows.flatMap((row) => Object.entries(row.versions)))
  const { commit, cpu, node } = machine()
  const bare = rows.map((row) => figures(row, emptyImportMs).bare_call_us)
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map((row) => line(cells(row, figures(row, emptyImportMs)))),
    '',
    ...noise(comparison),
    ...bars(comparison).map(({ bar, measured, isMet }) => `- ${isMet ? 'met' : '**missed**'}: ${bar}: ${measured}`),
    '',
    `${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${node.slice(1)}, ${cpu}, ${Math.round(comparison.seconds)} s. The bare call costs ${Math.min(...bare)} to ${Math.max(...bare)} µs.`,
    `Versions: ${[...versions].map(([name, version]) => `${name} ${version}`).join(', ')}.`,
  ].join('\n')
}

/** Puts the table into the page of the documentation, between its marks, and the raw samples beside the page. */
export function writePage(table: string, samples: readonly string[]): void {
  const page = readFileSync(PAGE, 'utf8')
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no ${BEGIN} … ${END}`)
  writeFileSync(SAMPLES, `${samples.join('\n')}\n`)
  writeFileSync(PAGE, `${page.slice(0, begin)}${BEGIN}\n\n${table}\n\n${page.slice(end)}`)
}
