import type { Output } from './output.js'

/** Flags that every command knows. */
export interface GlobalFlags {
  url?: string
  apiKey?: string
  dataDir?: string
  json?: boolean
  /** One of `OUTPUT_FORMATS`; of `export run` also a target. */
  format?: string
  quiet?: boolean
}

/** What a command is called with. */
export interface CommandContext {
  flags: GlobalFlags
  output: Output
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal
}
