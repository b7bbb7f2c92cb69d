import { extname } from 'node:path'
import type { Manifest } from '@flywheel/curation'

/** A line of a file in `meta/`: what stands beside a row, or what an export says of its chain and its splits. */
export interface Line {
  row_id?: string
  /** Of `meta/supersedes.jsonl`. */
  by?: string | null
  member?: string
  cluster?: string
}

export const linesOf = (bytes: Uint8Array): Line[] =>
  new TextDecoder()
    .decode(bytes)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

/**
 * The lines that say of each row of a file whose it is, in their order; undefined where nothing says it.
 * @param meta lines of the files in `meta/`, by path
 */
export function aboutRows(
  file: Pick<Manifest['files'][number], 'path' | 'shape' | 'rows' | 'target'>,
  meta: ReadonlyMap<string, Line[]>,
): Line[] | undefined {
  const { path, shape, rows, target = '' } = file
  if (shape === 'meta') return meta.get(path)
  const name = path.slice(path.lastIndexOf('/') + 1, path.length - extname(path).length)
  const lines = meta.get(`meta/${target}-${shape}-${name}.jsonl`) ?? meta.get(`meta/${shape}-${name}.jsonl`)
  return lines?.length === rows ? lines : undefined
}
