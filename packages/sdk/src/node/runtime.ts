import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash, createHmac } from 'node:crypto'
import type { Frame } from '../context.js'
import type { Runtime } from '../runtime.js'
import { readEnvironment } from './config.js'

/** Node, Bun and Deno: context follows awaits, hashing and compression are native. */
export const nodeRuntime: Runtime = {
  contextStore: () => new AsyncLocalStorage<Frame>(),
  environment: readEnvironment,
  hmacSha256: (key, message) => createHmac('sha256', key).update(message).digest(),
  sha256Hex: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  decodeBase64: (text) => Buffer.from(text, 'base64'),
  encodeBase64Url: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url'),
  byteLength: (text) => Buffer.byteLength(text),
  // Loaded with the first batch: zlib is a third of what the import of this file would cost.
  gzip: async (text) => {
    const { gzip } = await import('node:zlib')
    return new Promise((resolve) => gzip(text, { level: 1 }, (error, bytes) => resolve(error ? null : bytes)))
  },
  onIdleExit: (fn) => void process.on('beforeExit', fn),
}
