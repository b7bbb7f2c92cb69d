import { createHash } from 'node:crypto'

/** The lines of every fixture file by file name. */
export type Fixtures = ReadonlyMap<string, readonly string[]>

const sha256 = (line: string) => createHash('sha256').update(line).digest('hex')

/** `SHA256SUMS` for these fixtures: one row a line, `<hash>  <file>:<line from 1>`. */
export function fixtureSums(fixtures: Fixtures): string[] {
  return [...fixtures]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([file, lines]) => lines.map((line, index) => `${sha256(line)}  ${file}:${index + 1}`))
}

/** What breaks "append-only": listed rows that are no longer so. Empty if lines were only added. */
export function brokenRows(listed: readonly string[], fixtures: Fixtures): string[] {
  const present = new Set(fixtureSums(fixtures))
  return listed.filter((row) => !present.has(row))
}
