import { sha256 } from '../text/canonical-json.js'

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
  return { ...about, bytes: bytes.length, sha256: sha256(bytes) }
}
