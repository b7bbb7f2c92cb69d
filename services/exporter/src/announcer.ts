import type { Logger, Metrics } from '@flywheel/runtime'
import { sendWebhook, type WebhookDelivery, type WebhookMessage, type WebhookTarget } from './webhook.js'

/** Tells receivers what became of exports, beside the runs, which wait for no receiver. */
export interface Announcer {
  /** Sends to every receiver that asked for the event; `onSent` gets what became of it, once all are done. */
  announce(
    targets: readonly WebhookTarget[],
    message: WebhookMessage,
    onSent: (deliveries: WebhookDelivery[]) => Promise<void>,
  ): void
  /** Gives what is under way a few seconds, then ends it. */
  close(): Promise<void>
}

const CLOSE_MS = 5000

/** @param onError the history cannot be written */
export function createAnnouncer(options: {
  metrics: Metrics
  logger: Logger
  onError: (error: unknown) => void
}): Announcer {
  const { metrics, logger, onError } = options
  const stop = new AbortController()
  const underWay = new Set<Promise<void>>()
  const sent = metrics.counter(
    'flywheel_exporter_webhooks_total',
    'Webhook messages that were delivered or given up (failed).',
    ['result'],
  )

  async function sendAll(
    targets: readonly WebhookTarget[],
    message: WebhookMessage,
    onSent: (deliveries: WebhookDelivery[]) => Promise<void>,
  ): Promise<void> {
    const deliveries = await Promise.all(targets.map((target) => sendWebhook(target, message, stop.signal)))
    for (const { name, event, status, attempts, http_status, error } of deliveries) {
      sent.inc({ result: status })
      if (status === 'failed')
        logger.warn({ webhook: name, event, attempts, 'http.status': http_status, why: error }, 'webhook failed')
    }
    await onSent(deliveries)
  }

  return {
    announce(targets, message, onSent) {
      const asking = targets.filter(({ events }) => events.includes(message.type))
      if (asking.length === 0) return
      const sending = sendAll(asking, message, onSent)
        .catch(onError)
        .finally(() => underWay.delete(sending))
      underWay.add(sending)
    },
    async close() {
      const timer = setTimeout(() => stop.abort(), CLOSE_MS)
      await Promise.all(underWay)
      clearTimeout(timer)
    },
  }
}
