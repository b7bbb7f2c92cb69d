import { card } from './card.js'
import type { Detector } from './detector.js'
import { email } from './email.js'
import { iban } from './iban.js'
import { ip } from './ip.js'
import { phone } from './phone.js'
import { secret } from './secret.js'
import { ssn } from './ssn.js'

/** Name of a built-in detector, as options and recipes spell it. */
export type DetectorName = 'secret' | 'email' | 'iban' | 'card' | 'ssn' | 'phone' | 'ip'

/**
 * The built-in detectors, each with whether it is on unless asked. In the order of their rank: of two that overlap the
 * earlier names the whole.
 */
export const DETECTORS: Readonly<Record<DetectorName, readonly [Detector, boolean]>> = {
  secret: [secret, true],
  email: [email, true],
  iban: [iban, true],
  card: [card, true],
  ssn: [ssn, false],
  phone: [phone, true],
  ip: [ip, false],
}
