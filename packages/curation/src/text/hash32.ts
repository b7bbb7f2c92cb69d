/**
 * FNV-1a over UTF-16 code units with MurmurHash3's finalizer, a signed 32-bit integer: the same in every version of
 * Node. For bags of words, where SHA-256 would be most of the time; not for what somebody may want to collide.
 * `before` is hashed as if it stood before the text.
 */
export function hash32(text: string, before = ''): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < before.length; at++) hash = Math.imul(hash ^ before.charCodeAt(at), 0x01000193)
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
