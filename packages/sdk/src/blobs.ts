import type { BlobPart } from '@flywheel/schema/wire'
import type { Runtime } from './runtime.js'

/** Binary data on its way to becoming a hash: the line carries `placeholder` until it is sent. */
export interface HeldBlob {
  readonly placeholder: string
  /** Base64, or the host's own bytes. */
  readonly data: string | Uint8Array
}

/** Turns binary data, in base64 or as bytes, into a `blob` part and remembers what to hash. */
export type HoldBlob = (data: string | Uint8Array, mediaType: string) => BlobPart

let nonce: string | undefined
let count = 0

/**
 * Keeps the data by reference and costs no hashing in the host's path. The placeholder is random for the process, so no
 * prompt can hold it by chance.
 */
export function holdBlobs(held: HeldBlob[]): HoldBlob {
  return (data, mediaType) => {
    nonce ??= crypto.randomUUID()
    const placeholder = `flywheel-blob:${nonce}:${count++};`
    held.push({ placeholder, data })
    return { type: 'blob', sha256: placeholder, bytes: byteCount(data), media_type: mediaType }
  }
}

function byteCount(data: string | Uint8Array): number {
  if (typeof data !== 'string') return data.byteLength
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0
  return Math.max(0, Math.floor((data.length * 3) / 4) - padding)
}

const DATA_URL = /^data:([^;,]*)[^,]*;base64,/i

/** The media type and payload of a base64 data URL, or null for any other URL. */
export function parseDataUrl(url: string): { mediaType: string; data: string } | null {
  const match = url.startsWith('data:') ? DATA_URL.exec(url.slice(0, 256)) : null
  if (!match) return null
  return { mediaType: match[1] || 'text/plain', data: url.slice(match[0].length) }
}

/** The line with each placeholder replaced by the SHA-256 of its data, in hex. */
export function hashBlobs(line: string, blobs: readonly HeldBlob[], runtime: Runtime): string {
  let hashed = line
  for (const { placeholder, data } of blobs)
    hashed = hashed.replace(
      placeholder,
      runtime.sha256Hex(typeof data === 'string' ? runtime.decodeBase64(data) : data),
    )
  return hashed
}
