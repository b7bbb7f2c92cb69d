import type { JsonObject, Message, Operation, Part, Status, ToolDefinition } from '@flywheel/schema/wire'
import type { Context } from './context.js'

/** A call recorded by hand. Messages and outputs are in the contract's shape; fields of the current context are added. */
export interface InteractionInput extends Context {
  /** A UUIDv7. @default a new one */
  id?: string | undefined
  turnId?: string | undefined
  parentId?: string | undefined
  /** The provider's response id that `messages` continue. */
  continues?: string | undefined
  operation?: Operation | undefined
  provider?: string | undefined
  modelRequested?: string | undefined
  modelAnswered?: string | undefined
  /** The provider's own id of the answer. */
  responseId?: string | undefined
  system?: Part[] | undefined
  messages?: Message[] | undefined
  tools?: ToolDefinition[] | undefined
  parameters?: JsonObject | undefined
  /** One element a choice, in index order. */
  outputs?: Message[] | undefined
  hasText?: boolean | undefined
  finishReasons?: string[] | undefined
  /** Cached and written ones included. */
  inputTokens?: number | undefined
  /** Reasoning included. */
  outputTokens?: number | undefined
  cachedTokens?: number | undefined
  cacheWriteTokens?: number | undefined
  reasoningTokens?: number | undefined
  durationMs?: number | undefined
  timeToFirstTokenMs?: number | undefined
  status?: Status | undefined
  errorType?: string | undefined
  errorMessage?: string | undefined
  providerJson?: JsonObject | undefined
}
