import type { Frame } from './context.js'

/** Carries the current frame across awaits where the runtime can, else through synchronous code only. */
export interface ContextStore {
  getStore(): Frame | undefined
  run<R>(frame: Frame, fn: () => R): R
}

/** What differs between Node and the portable runtimes; everything else is one code. */
export interface Runtime {
  readonly contextStore: () => ContextStore
  /** Read when a client is made, never at import. */
  readonly environment: () => { url?: string | undefined; apiKey?: string | undefined }
  readonly hmacSha256: (key: Uint8Array, message: Uint8Array) => Uint8Array
  readonly sha256Hex: (bytes: Uint8Array) => string
  readonly decodeBase64: (text: string) => Uint8Array
  readonly encodeBase64Url: (bytes: Uint8Array) => string
  readonly byteLength: (text: string) => number
  /** Null where the runtime cannot compress. */
  readonly gzip: (text: string) => Promise<Uint8Array | null>
  /** Called each time the host has nothing left to do; no signal handlers. */
  readonly onIdleExit: (fn: () => void) => void
}
