import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { Fixtures } from './fixture-sums.js'

export const FIXTURES: URL = new URL('../fixtures/v1/', import.meta.url)
const SUMS = new URL('SHA256SUMS', FIXTURES)

const linesOf = (file: URL) => readFileSync(file, 'utf8').split('\n').slice(0, -1)

export function readFixtures(): Fixtures {
  const names = readdirSync(FIXTURES).filter((name) => name.endsWith('.ndjson'))
  return new Map(names.map((name) => [name, linesOf(new URL(name, FIXTURES))]))
}

export function readSums(): string[] {
  return existsSync(SUMS) ? linesOf(SUMS) : []
}
