import { crc32 } from 'node:zlib'
import { type Facts, type FunnelStep, ROW_GATES, type UnitInputs } from '@flywheel/curation'
import { FACT_NAMES } from '../units/facts-table.js'
import type { JudgedComponent, SurveyedComponent } from '../units/unit-work.js'

/** By what a component is found again, and what of the whole snapshot it was surveyed and judged by. */
export interface ComponentKey
  extends Omit<SurveyedComponent, 'component'>,
    Pick<JudgedComponent, 'events' | 'people' | 'signed' | 'rows'> {
  version: string
  /** Seconds since 1970 when retention takes the first of its texts; null where none has an end. */
  until: number | null
}

/** What it was judged to be: its rows without their texts and sets, and where those are in the block. */
export interface ComponentRows extends Pick<JudgedComponent, 'candidates'> {
  dropped: Record<string, Record<string, number>>
  counts: UnitInputs['counts']
  /** Of 16 bytes each, in base64. */
  hashes: string
  /** Values of the facts in the order of `FACT_NAMES`. */
  facts: unknown[][]
  /** Where the texts of each row begin and end, in bytes. */
  texts: [start: number, end: number][]
  /** Where the sets of each row begin, in numbers. */
  sets: number[]
  /** CRC-32 of each row's texts and sets. */
  sums: number[]
}

/** Between the two halves of a line; in JSON it stands for itself nowhere. */
const BETWEEN = '\t'
const HASH_BYTES = 16

/** Eight digits at the beginning of a line: CRC-32 of what follows. */
const SUM_DIGITS = 8
const sumOfLine = (said: Uint8Array | string): string => crc32(said).toString(16).padStart(SUM_DIGITS, '0')

/** One line: the key is read without the rows. */
export function componentLine(key: ComponentKey, rows: ComponentRows): string {
  const said = `${JSON.stringify(key)}${BETWEEN}${JSON.stringify(rows)}`
  return `${sumOfLine(said)}${said}\n`
}

/** Null where the line is not as it was written. */
export function keyOfLine(line: Buffer): ComponentKey | null {
  if (sumOfLine(line.subarray(SUM_DIGITS)) !== line.toString('latin1', 0, SUM_DIGITS)) return null
  return JSON.parse(line.toString('utf8', SUM_DIGITS, line.indexOf(BETWEEN))) as ComponentKey
}

export function rowsOfLine(line: Buffer): ComponentRows {
  return JSON.parse(line.toString('utf8', line.indexOf(BETWEEN) + 1)) as ComponentRows
}

/** Its reasons by gate, where there are any: what came in and went out of each gate follows from them. */
export function droppedOf(funnel: readonly FunnelStep[]): ComponentRows['dropped'] {
  return Object.fromEntries(
    funnel.filter(({ dropped }) => Object.keys(dropped).length > 0).map(({ gate, dropped }) => [gate, dropped]),
  )
}

/** The funnel of one component. */
export function funnelOf({ candidates, dropped }: Pick<ComponentRows, 'candidates' | 'dropped'>): FunnelStep[] {
  const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((all, count) => all + count, 0)
  let left = sum(candidates)
  return ROW_GATES.map(({ id }) => {
    const mine = dropped[id] ?? {}
    const came = left
    left -= sum(mine)
    return { gate: id, in: came, out: left, dropped: mine }
  })
}

export function packHashes(hashes: readonly string[]): string {
  return Buffer.from(hashes.join(''), 'latin1').toString('base64')
}

export function unpackHashes(packed: string): string[] {
  const all = Buffer.from(packed, 'base64').toString('latin1')
  return Array.from({ length: all.length / HASH_BYTES }, (_, at) => all.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES))
}

export function factValues(facts: Facts): unknown[] {
  return FACT_NAMES.map((name) => facts[name])
}

/** @param now milliseconds: the snapshot's, which the age of a row is counted to */
export function factsOfValues(values: readonly unknown[], now: number, place: number): Omit<Facts, 'sets'> {
  const facts = Object.fromEntries(FACT_NAMES.map((name, at) => [name, values[at]])) as unknown as Facts
  return { ...facts, age_ms: now - facts.time, place }
}
