import { createHash } from 'node:crypto'

/** What the manifest says of one file of a data set. */
export interface FileEntry {
  path: string
  /** The target whose loader reads it; empty of what stands beside the shards. */
  target: string
  /** The part of the target, `meta` of a sidecar, `extra` of a file that a loader wants beside the shards. */
  shape: string
  split: string
  format: string
  rows: number
  bytes: number
  sha256: string
}

/** One file of a data set, whole. */
export interface ShardFile extends Omit<FileEntry, 'bytes'> {
  bytes: Uint8Array
}

/** A file's entry, from what is known of it before its bytes. */
export function fileEntry(about: Omit<FileEntry, 'bytes' | 'sha256'>, bytes: Uint8Array): FileEntry {
  const measured = measure([bytes])
  for (const _ of measured.pieces);
  return measured.entry(about)
}

/** Bytes on their way to a file. */
export interface Measured {
  /** To be read once. */
  pieces: Iterable<Uint8Array>
  /** The entry of the file that the pieces made, once all were read. */
  entry(about: Omit<FileEntry, 'bytes' | 'sha256'>): FileEntry
}

/** Measures the bytes of a file as they pass. */
export function measure(pieces: Iterable<Uint8Array>): Measured {
  const hash = createHash('sha256')
  let bytes = 0
  let isWhole = false
  function* passing(): Generator<Uint8Array> {
    for (const piece of pieces) {
      hash.update(piece)
      bytes += piece.length
      yield piece
    }
    isWhole = true
  }
  return {
    pieces: passing(),
    entry(about) {
      if (!isWhole) throw new Error(`${about.path} was not written to its end`)
      return { ...about, bytes, sha256: hash.digest('hex') }
    },
  }
}
