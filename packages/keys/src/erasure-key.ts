import { createHmac } from 'node:crypto'
import type { MasterSecret } from './master-secret.js'

/** A key of SipHash-2-4, as two unsigned 64-bit integers in decimal. */
export interface ErasureKey {
  readonly k0: string
  readonly k1: string
}

/**
 * The project's key of the hashes by which a tombstone finds its rows. ClickHouse computes SipHash with a key itself, so a
 * job that goes on after a restart finds the subject's rows without the subject's name standing anywhere.
 */
export function erasureKey(master: MasterSecret, projectId: string): ErasureKey {
  const bytes = createHmac('sha256', master.subjectKey).update(`${projectId}\0erasure`, 'utf8').digest()
  return { k0: bytes.readBigUInt64LE(0).toString(), k1: bytes.readBigUInt64LE(8).toString() }
}

/** A UUID (version 8) for the erasure of one subject: the same subject has the same one, and it says nothing of it. */
export function erasureId(master: MasterSecret, projectId: string, subjectHmac: string): string {
  const text = createHmac('sha256', master.subjectKey).update(`${projectId}\0erasure\0${subjectHmac}`).digest('hex')
  const variant = ((Number.parseInt(text[16] as string, 16) & 3) | 8).toString(16)
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-8${text.slice(13, 16)}-${variant}${text.slice(17, 20)}-${text.slice(20, 32)}`
}
