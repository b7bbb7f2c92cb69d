import type { OauthbearerProviderResponse } from 'kafkajs'

/** How a client proves who it is. `oauthbearer` is the hook for IAM: the function is asked for a fresh token when one runs out. */
export type KafkaSasl =
  | { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string }
  | { mechanism: 'oauthbearer'; oauthBearerProvider: () => Promise<OauthbearerProviderResponse> }

/** TLS as `node:tls` takes it; true for the system's authorities. */
export type KafkaTls = boolean | { ca?: string; cert?: string; key?: string; servername?: string }

/** Where the cluster is and how to get in. */
export interface KafkaConnection {
  /** `host:port` of some brokers; the others are learnt from them. */
  brokers: string[]
  /** @default false */
  ssl?: KafkaTls
  sasl?: KafkaSasl
  /** As brokers log it. @default flywheel */
  client_id?: string
  /** How long an answer of a broker may take. @default 8 s */
  request_timeout_ms?: number
  /** Takes what the client has to say; entries never hold a record. @default nothing is logged */
  onLog?: (entry: KafkaLogEntry) => void
}

/** One line of the client's log. */
export interface KafkaLogEntry {
  level: 'error' | 'warn'
  message: string
  fields: Record<string, unknown>
}

/** Options of `openKafkaLog`. */
export interface KafkaLogOptions extends KafkaConnection {
  /** Made by `flywheel migrate`, never on the fly. @default flywheel-events */
  topic?: string
  /** How long an unknown topic is asked for again: each broker hears of a new one by itself. @default 5 s */
  topic_wait_ms?: number
  /**
   * Called once when a member of a group can never go on (no permission, another program's group, a topic made anew).
   * A process should log the sentence and exit, and let its supervisor start it again.
   * @default throws it as an uncaught exception, which ends the process
   */
  onFatal?: (error: Error) => void
  /** A member that is silent so long loses its partitions. @default 30 s */
  session_timeout_ms?: number
  /**
   * How far the watermark stays behind the present: the 20 s an append may take, and what clocks may differ. A topic with
   * several copies adds one and a half times the brokers' `replica.lag.time.max.ms`, in which a slow follower hides records.
   * @default 30 s
   */
  watermark_margin_ms?: number
  /** Milliseconds since the epoch. @default Date.now */
  clock?: () => number
}

export const DEFAULT_TOPIC = 'flywheel-events'
