import { hkdfSync } from 'node:crypto'
import { FlywheelError } from '@flywheel/schema'

/** Keys derived from `FLYWHEEL_SECRET`, one for each use. They are not enumerable, so a logger cannot print them by accident. */
export interface MasterSecret {
  /** Key of the HMAC that API keys are stored as. */
  readonly pepper: Buffer
  /** AES-256-GCM key of `seal`. */
  readonly sealKey: Buffer
  /** Key of `subjectHmac`. */
  readonly subjectKey: Buffer
  /** What services show each other, so that no key of a customer opens what only services call. */
  readonly internalToken: Buffer
}

/**
 * Derives the server's keys from one secret (HKDF-SHA256, no salt, a label for each key).
 * @throws FlywheelError `invalid_config` if the secret has fewer than 32 characters
 */
export function createMasterSecret(secret: string): MasterSecret {
  if (secret.length < 32) {
    throw new FlywheelError(
      'invalid_config',
      `FLYWHEEL_SECRET has ${secret.length} characters and needs at least 32; make one with: openssl rand -hex 32`,
    )
  }
  const derive = (label: string) => ({ value: Buffer.from(hkdfSync('sha256', secret, '', label, 32)) })
  return Object.defineProperties({} as MasterSecret, {
    pepper: derive('flywheel-key-pepper-v1'),
    sealKey: derive('flywheel-seal-v1'),
    subjectKey: derive('flywheel-subject-v1'),
    internalToken: derive('flywheel-internal-v1'),
  })
}
