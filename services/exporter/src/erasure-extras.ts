import { type Manifest, TARGETS } from '@flywheel/curation'

type Named = Pick<Manifest['files'][number], 'path' | 'target' | 'shape' | 'split' | 'format' | 'rows'>

/** The text of each file that a loader wants beside these shards, by path. */
function extrasOf(files: readonly Named[]): Map<string, string> {
  const made = TARGETS.flatMap(({ id, parts, extras }) => {
    // As they are written: part by part.
    const own = parts.flatMap((part) => files.filter(({ target, shape }) => target === id && shape === part.id))
    return (
      extras?.(own.map(({ path, shape, split, format, rows }) => ({ path, part: shape, split, format, rows }))) ?? []
    )
  })
  return new Map(made.map(({ path, text }) => [path, text]))
}

/**
 * A file that a loader wants beside the shards, once some shards lost rows or are no more: it names shards and counts their
 * rows, and a loader that it sends to a shard that is gone reads none of the others.
 * @returns null where nothing is left that it would name
 */
export function extraAfter(
  path: string,
  old: Uint8Array,
  before: readonly Named[],
  after: readonly Named[],
): Uint8Array | null {
  const [was, is] = [extrasOf(before).get(path), extrasOf(after).get(path)]
  if (was === is) return old
  return is === undefined ? null : new TextEncoder().encode(is)
}
