import {
  type CustomRedactor,
  createNumbering,
  createRedactText,
  custom,
  DETECTORS,
  type Detector,
  type DetectorName,
  numberer,
} from '@flywheel/redaction'
import type { FlywheelEvent } from '@flywheel/schema/wire'
import type { Redact } from '../redact.js'
import { createScopes } from './scope.js'
import { redactEvent } from './walk.js'

/** Which values are replaced. */
export interface RedactorOptions {
  /** Keys and tokens by their prefixes, JSON Web Tokens, private keys, passwords in URLs: `[SECRET_1]`. @default true */
  secret?: boolean | undefined
  /** `[EMAIL_1]`. @default true */
  email?: boolean | undefined
  /** `[IBAN_1]`. @default true */
  iban?: boolean | undefined
  /** Payment cards: `[CARD_1]`. @default true */
  card?: boolean | undefined
  /** `[PHONE_1]`. @default true */
  phone?: boolean | undefined
  /** Social security numbers of the United States: `[SSN_1]`. @default false */
  ssn?: boolean | undefined
  /** IPv4 and IPv6 addresses: `[IP_1]`. @default false */
  ip?: boolean | undefined
  /** The host's own, before all others. */
  custom?: readonly CustomRedactor[] | undefined
}

/**
 * A redaction for `createFlywheel`: replaces personal values and secrets in everything that a person or a model wrote.
 * Within a row, and within the rows of a turn that this process sees, the same value has the same placeholder, numbered
 * by first appearance, so that a text keeps who is who. Placeholders hold nothing of the value, no hash either.
 * @example
 * const flywheel = createFlywheel({ redact: redactors({ ip: true }) })
 */
export function redactors(options: RedactorOptions = {}): Redact {
  if (options.custom) return create(options)
  const key = chosen(options)
    .map(({ name }) => name)
    .join()
  const redact = made.get(key) ?? create(options)
  made.set(key, redact)
  return redact
}

function chosen(options: RedactorOptions): Detector[] {
  return Object.entries(DETECTORS)
    .filter(([name, [, isOn]]) => options[name as DetectorName] ?? isOn)
    .map(([, [detector]]) => detector)
}

/** The same choice is the same function, so that `createFlywheel` with it, called again, is the same client. */
const made = new Map<string, Redact>()

function create(options: RedactorOptions): Redact {
  const detectors = [...(options.custom ?? []).map(custom), ...chosen(options)]
  const scopes = createScopes()
  return (event) => {
    const numbering = scopes.find(event) ?? createNumbering()
    const text = createRedactText(
      detectors,
      numberer(numbering, () => JSON.stringify(event)),
    )
    const redacted = redactEvent(event as unknown as Record<string, unknown>, text) as unknown as FlywheelEvent
    if (numbering.placeholders.size > 0) scopes.keep(event, numbering)
    return redacted
  }
}

export type { CustomRedactor } from '@flywheel/redaction'
export type { Redact } from '../redact.js'
