import type { ExportTaken } from './export-once.js'

/** What one run of the benchmark measured. */
export interface ExportFigures {
  interactions: number
  /** What the engine alone took to stream the columns that candidates are made of. */
  stream: { seconds: number; bytes: number }
  /** The first export of a chain: every row, every gate, and the chain's own memory. */
  full: ExportTaken
  /** The second: what 1% more feedback made of it. */
  delta: ExportTaken
  /** Rows a second of the near-duplicate gate and of datasketch, alone on one core and sketching on two; null where it is not installed. */
  near: { own: number; datasketch: number | null; datasketch_two_processes: number | null } | null
}

/** What the project promises, beside what was measured; null where nothing was. */
export interface Bar {
  bar: string
  measured: string
  isMet: boolean | null
  /** Whether it is measured on the store: of a smaller one than is promised, nothing is met. */
  isOfStore: boolean
}

const MB = 1e6
/** Interactions of the store that the promises are of. */
const PROMISED = 1_000_000
const number = (value: number): string => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3))).toString()

/** Rows that feedback could become: what the funnel starts from. */
export function candidatesOf({ summary }: ExportTaken): number {
  return summary.funnel[0]?.in ?? 0
}

/** Each promise of speed with its figure. */
export function barsOf({ stream, full, delta, near }: ExportFigures): Bar[] {
  const candidates = candidatesOf(full)
  const streamed = candidates / stream.seconds
  const gate = full.near_duplicates_seconds
  const rate = candidates / full.seconds
  const without = gate === null ? null : candidates / (full.seconds - gate)
  const { before, most } = full.rss_bytes
  const share = delta.seconds / full.seconds
  const peers = [near?.datasketch, near?.datasketch_two_processes].filter((each) => typeof each === 'number')
  const times = near === null || peers.length === 0 ? null : near.own / Math.max(...peers)
  return [
    {
      bar: `all but the near-duplicate gate: 20,000 candidates a second end to end, or 0.5 of the engine alone (${number(streamed)} a second)`,
      measured:
        without === null
          ? 'not measured: the gate ran in another thread'
          : `${number(without)} a second, ${number(without / streamed)} of the engine`,
      isMet: without === null ? null : without >= 20_000 || without >= 0.5 * streamed,
      isOfStore: true,
    },
    {
      bar: 'the near-duplicate gate: 3 x datasketch on the same texts and settings, both cores free to both',
      measured:
        near === null
          ? 'not measured'
          : times === null
            ? `${near.own} rows a second; datasketch is not installed`
            : `${near.own} rows a second, ${number(times)} x (datasketch ${near.datasketch}, with two processes ${near.datasketch_two_processes})`,
      isMet: times === null ? null : times >= 3,
      isOfStore: false,
    },
    {
      bar: 'the whole export, every gate on: 5,000 candidates a second',
      measured: `${number(rate)} a second (${candidates} candidates in ${number(full.seconds)} s, ${number(full.cpu_seconds)} s of CPU)`,
      isMet: rate >= 5000,
      isOfStore: true,
    },
    {
      bar: 'resident memory of the exporter, without the engine: 1 GB',
      measured: `${number(most / MB)} MB, ${number((most - before) / candidates)} bytes a candidate over ${number(before / MB)} MB at the start`,
      isMet: most <= 1000 * MB,
      isOfStore: true,
    },
    {
      bar: 'a delta of 1%: a tenth of the time of the whole',
      measured: `${number(delta.seconds)} s, ${number(share)} of the whole`,
      isMet: share <= 0.1,
      isOfStore: true,
    },
  ]
}

function rowsOf({ summary: { pairs, unpaired, supervised } }: ExportTaken): number {
  return pairs + unpaired + supervised
}

/** The bars, and what the store was made of, as markdown. */
export function markdownOf(figures: ExportFigures, machine: { commit: string; cpu: string; node: string }): string {
  const { interactions, stream, full, delta } = figures
  const { pairs, unpaired, supervised } = full.summary
  const met = { true: interactions >= PROMISED ? 'met' : `met at ${interactions} interactions`, false: 'met' }
  const verdict = ({ isMet, isOfStore }: Bar): string =>
    isMet === null ? 'not measured' : isMet ? met[`${isOfStore}`] : '**missed**'
  return [
    '| bar | measured | |',
    '| --- | --- | --- |',
    ...barsOf(figures).map((each) => `| ${each.bar} | ${each.measured} | ${verdict(each)} |`),
    '',
    `${interactions} interactions and ${interactions * 0.3} pieces of feedback: ${candidatesOf(full)} candidates, ${pairs} pairs, ${unpaired} unpaired, ${supervised} supervised rows;`,
    `the engine streamed ${number(stream.bytes / MB)} MB in ${number(stream.seconds)} s. The delta has ${rowsOf(delta)} rows and takes ${delta.superseded} back.`,
    '',
    `Candidates and rows by strategy: ${Object.entries(full.strategies)
      .map(([strategy, { candidates, kept }]) => `${strategy} ${candidates}, ${kept}`)
      .join('; ')}.`,
    '',
    `${machine.cpu}, Node ${machine.node}, commit ${machine.commit}.`,
  ].join('\n')
}
