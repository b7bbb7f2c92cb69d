import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'

/** What is told of exports. */
export const WEBHOOK_EVENTS = ['export.published', 'export.empty', 'export.failed', 'export.erased'] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** A receiver. */
export interface WebhookTarget {
  name: string
  url: string
  /** `whsec_` and Base64, as Standard Webhooks spells it. */
  secret: string
  /** @default every one */
  events: readonly WebhookEvent[]
  /** Of one attempt. @default 10_000 */
  timeout_ms: number
  /** Waits between attempts; one attempt more than waits. @default 1 s, 5 s, 30 s, 2 min */
  retry_ms: readonly number[]
}

/** A receiver as a person writes it: the secret, or the name of the variable that holds it. */
export interface WrittenWebhook {
  url: string
  secret?: string | undefined
  secret_env?: string | undefined
  events: WebhookEvent[]
  timeout_ms: number
  retry_ms: number[]
}

/** One in a URL would stand in messages and logs that name it. */
export function hasNoPassword(url: string): boolean {
  const { username, password } = URL.canParse(url) ? new URL(url) : { username: '', password: '' }
  return username === '' && password === ''
}

export const webhookSchema: z.ZodType<WrittenWebhook> = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'use an http or https URL' })
      .refine(hasNoPassword, 'leave user name and password out: no request is sent to such a URL'),
    secret: z.string().optional(),
    secret_env: z.string().optional(),
    events: z
      .array(z.enum(WEBHOOK_EVENTS))
      .min(1)
      .default([...WEBHOOK_EVENTS]),
    timeout_ms: z.int().min(100).max(120_000).default(10_000),
    retry_ms: z.array(z.int().min(0).max(3_600_000)).max(20).default([1000, 5000, 30_000, 120_000]),
  })
  .refine(({ secret, secret_env }) => (secret === undefined) !== (secret_env === undefined), {
    error: 'give one of secret and secret_env',
  })

/** One message: the same id and body in every attempt, so that a receiver can tell a repetition. */
export interface WebhookMessage {
  id: string
  type: WebhookEvent
  /** RFC 3339 UTC: when it happened. */
  timestamp: string
  data: Record<string, unknown>
}

/** What became of a message, for the history of the run. */
export interface WebhookDelivery {
  kind: 'webhook'
  name: string
  event: WebhookEvent
  message_id: string
  status: 'delivered' | 'failed'
  attempts: number
  /** Of the last answer; null where none came. */
  http_status: number | null
  error: string | null
}

/** True where the secret is one that signs. */
export function isWebhookSecret(secret: string): boolean {
  return /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(secret)
}

type Outcome = { http_status: number | null; error: string | null; isFinal: boolean }

async function attempt(target: WebhookTarget, message: WebhookMessage, signal: AbortSignal): Promise<Outcome> {
  const { type, timestamp, data } = message
  const body = JSON.stringify({ type, timestamp, data })
  // Receivers refuse an old timestamp, so each attempt is stamped and signed anew.
  const at = new Date()
  try {
    const answer = await fetch(target.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'flywheel-exporter',
        'webhook-id': message.id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(target.secret).sign(message.id, at, body),
      },
      body,
      // The address is the operator's word; where it sends us on is not.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(target.timeout_ms)]),
    })
    await answer.body?.cancel()
    const { status } = answer
    if (answer.ok) return { http_status: status, error: null, isFinal: true }
    if (status >= 300 && status < 400)
      return { http_status: status, error: 'it answers with a redirect; configure the final URL', isFinal: true }
    // 410: the receiver asks to be left alone (Standard Webhooks).
    return { http_status: status, error: `it answered ${status}`, isFinal: status === 410 }
  } catch (error) {
    const { name, cause } = error as Error
    const { code } = (cause ?? {}) as NodeJS.ErrnoException
    const why = name === 'TimeoutError' ? `no answer in ${target.timeout_ms} ms` : `no connection (${code ?? name})`
    return { http_status: null, error: signal.aborted ? 'the exporter stopped' : why, isFinal: signal.aborted }
  }
}

/**
 * Sends one message by Standard Webhooks until the receiver answers 2xx or the attempts are used up. At least once: a
 * receiver that took it and whose answer was lost gets it again, with the same `webhook-id`. Redirects are not followed.
 * @param signal ends the attempts, for a process that stops
 */
export async function sendWebhook(
  target: WebhookTarget,
  message: WebhookMessage,
  signal: AbortSignal,
): Promise<WebhookDelivery> {
  let attempts = 0
  for (;;) {
    const { http_status, error, isFinal } = await attempt(target, message, signal)
    const wait = target.retry_ms[attempts]
    attempts += 1
    if (isFinal || wait === undefined) {
      const status = error === null ? 'delivered' : 'failed'
      const { id: message_id, type: event } = message
      return { kind: 'webhook', name: target.name, event, message_id, status, attempts, http_status, error }
    }
    await sleep(wait, undefined, { signal }).catch(() => undefined)
  }
}
