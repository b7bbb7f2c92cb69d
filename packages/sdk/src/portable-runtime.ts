import type { Frame } from './context.js'
import type { ContextStore, Runtime } from './runtime.js'
import { hmacSha256, sha256 } from './sha256.js'

/** Where the runtime cannot follow awaits, a frame holds for the synchronous part of `run`. */
function synchronousStore(): ContextStore {
  let current: Frame | undefined
  return {
    getStore: () => current,
    run(frame, fn) {
      const outer = current
      current = frame
      try {
        return fn()
      } finally {
        current = outer
      }
    },
  }
}

/** What some of these runtimes have of Node. */
const host = globalThis as {
  AsyncLocalStorage?: new () => ContextStore
  process?: {
    getBuiltinModule?: (name: string) => { AsyncLocalStorage?: new () => ContextStore } | undefined
    env?: Record<string, string | undefined>
  }
}

/** Follows awaits where the runtime can: a global of edge functions, Node's own module where it can be had unimported. */
function contextStore(): ContextStore {
  const { AsyncLocalStorage = host.process?.getBuiltinModule?.('node:async_hooks')?.AsyncLocalStorage } = host
  return AsyncLocalStorage ? new AsyncLocalStorage() : synchronousStore()
}

const utf8 = new TextEncoder()

async function gzip(text: string): Promise<Uint8Array | null> {
  if (typeof CompressionStream !== 'function') return null
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** Web standards, and of Node what is there without an import: Workers, edge functions and whatever is not Node. */
export const portableRuntime: Runtime = {
  contextStore,
  environment: () => ({ url: host.process?.env?.['FLYWHEEL_URL'], apiKey: host.process?.env?.['FLYWHEEL_API_KEY'] }),
  hmacSha256,
  sha256Hex: (bytes) => Array.from(sha256(bytes), (byte) => byte.toString(16).padStart(2, '0')).join(''),
  decodeBase64: (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)),
  encodeBase64Url: (bytes) =>
    btoa(String.fromCharCode(...bytes))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', ''),
  byteLength: (text) => utf8.encode(text).length,
  gzip,
  onIdleExit: () => {},
}
