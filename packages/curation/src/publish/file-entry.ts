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

/** What is known of a file before its bytes. */
export type About = Omit<FileEntry, 'bytes' | 'sha256'>
