import type { EventType } from '@flywheel/schema/wire'
import type { CaptureMode } from './capture-mode.js'
import type { Consent, WaitUntil } from './context.js'
import type { Diagnostic } from './diagnostics.js'
import type { OtelMode } from './otel.js'
import type { Redact } from './redact.js'
import type { Spool } from './spool-hook.js'
import type { Transport } from './transport.js'

/** Options of `createFlywheel`; none is needed where the environment has a key. */
export interface FlywheelOptions {
  /** @default FLYWHEEL_URL, else http://127.0.0.1:8787 */
  url?: string | undefined
  /** Without a key the client does nothing and warns once. @default FLYWHEEL_API_KEY */
  apiKey?: string | undefined
  /** Written on every interaction; without `train: 'granted'` somewhere nothing is ever exported for training. */
  consent?: Consent | undefined
  /** What the consent rests on, such as the version of the terms. */
  consentBasis?: string | undefined
  /** Such as `production`; on every interaction, unless a context names another. */
  environment?: string | undefined
  /** The host's version, such as a commit; likewise. */
  release?: string | undefined
  /** Where in the product, such as `composer`; likewise. */
  surface?: string | undefined
  /** Runs before queueing. If it throws, the content is removed and the record kept. */
  redact?: Redact | undefined
  /**
   * `metadata` records calls without what was said, `off` nothing. A context can make it stricter, never looser.
   * @default full
   */
  capture?: CaptureMode | undefined
  /**
   * `read` takes trace and span id of the active OpenTelemetry span, `link` also writes the interaction's and the
   * turn's id on it. Content is never on a span.
   * @default read
   */
  otel?: OtelMode | undefined
  /**
   * Share of the sessions to keep, 0 to 1. Of the rest the last 200 calls wait in memory: one that gets a feedback in
   * this process, by whatever name, is sent after all.
   * @default 1
   */
  sample?: number | undefined
  /** @default 8 MiB. When full, the oldest interactions go first and feedback last. */
  maxQueueBytes?: number | undefined
  /** @default 1000 */
  flushIntervalMs?: number | undefined
  /** `spool(directory)` of `@flywheel/sdk/spool`: events survive the process and are sent by a later one. Node only. */
  spool?: Spool | undefined
  /** Of one request to the collector. @default 5000 */
  timeoutMs?: number | undefined
  /** Vercel's, Next's `after`, that of `cloudflare:workers`: what is created schedules a flush that is handed to it. */
  waitUntil?: WaitUntil | undefined
  /** @default a warning on the console, once a code */
  onDiagnostic?: ((diagnostic: Diagnostic) => void) | undefined
  /**
   * Called synchronously for each event that enters the queue: a journal of what was created. Not for what it records
   * itself.
   */
  onCreated?: ((event: { type: EventType; id: string }) => void) | undefined
  /** @default the global fetch at the time of the request */
  fetch?: typeof fetch | undefined
  /** Instead of HTTP; needs no key. */
  transport?: Transport | undefined
  /** Unix milliseconds, for tickets and errors. @default Date.now */
  now?: (() => number) | undefined
}

/** True if two calls of `createFlywheel` ask for the same client. */
export function isSameOptions(a: object, b: object): boolean {
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((name) => {
    const [x, y] = [left[name], right[name]]
    return Object.is(x, y) || (name === 'consent' && JSON.stringify(x) === JSON.stringify(y))
  })
}
