import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { FlywheelError } from '@flywheel/schema'
import type { MasterSecret } from './master-secret.js'

const PREFIX = 'sealed1.'
const IV_BYTES = 12
const TAG_BYTES = 16

/** Encrypts and authenticates (AES-256-GCM, random IV): `sealed1.<base64url of iv, ciphertext, tag>`. */
export function seal(master: MasterSecret, bytes: Uint8Array): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', master.sealKey, iv)
  const sealed = Buffer.concat([iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  return PREFIX + sealed.toString('base64url')
}

/**
 * Opens what `seal` made.
 * @throws FlywheelError `invalid_config` if the text was changed or sealed under another `FLYWHEEL_SECRET`
 */
export function unseal(master: MasterSecret, text: string): Buffer {
  try {
    if (!text.startsWith(PREFIX)) throw new Error('unknown prefix')
    const sealed = Buffer.from(text.slice(PREFIX.length), 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', master.sealKey, sealed.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw new FlywheelError(
      'invalid_config',
      'A sealed key cannot be opened: FLYWHEEL_SECRET differs from the one it was sealed under; start with the old secret',
      { cause },
    )
  }
}

/** The project's random row-id key, opened from `projects.row_key_sealed`. */
export function rowKey(master: MasterSecret, sealedProjectKey: string): Buffer {
  return unseal(master, sealedProjectKey)
}
