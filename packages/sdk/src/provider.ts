import type { InteractionEvent } from '@flywheel/schema/wire'
import type { HoldBlob } from './blobs.js'

/** What is known when the call starts, in the wire's names. */
export type RequestFields = Pick<
  InteractionEvent,
  'operation' | 'provider' | 'model_requested' | 'continues' | 'system' | 'messages' | 'tools' | 'parameters'
>

/** What is known when the answer is there, whole or in pieces. */
export type AnswerFields = Pick<
  InteractionEvent,
  | 'model_answered'
  | 'provider_response_id'
  | 'outputs'
  | 'has_text'
  | 'finish_reasons'
  | 'usage_input_tokens'
  | 'usage_output_tokens'
  | 'usage_cached_tokens'
  | 'usage_cache_write_tokens'
  | 'usage_reasoning_tokens'
  | 'provider_json'
>

/** Collects the chunks of one streamed answer. */
export interface Accumulator {
  /** Reads a chunk, which stays the host's; true if it holds generated content. */
  add(chunk: unknown): boolean
  /** True once the provider has said that every choice is finished. */
  isComplete(): boolean
  /** The iteration came to its end by itself. */
  end?(): void
  fields(hold: HoldBlob): AnswerFields
}

/** One observed method: `owner[method]` is patched in place. */
export interface Endpoint {
  readonly owner: Record<string, unknown>
  readonly method: string
  request(args: readonly unknown[], hold: HoldBlob): RequestFields
  response(value: unknown, hold: HoldBlob): AnswerFields
  accumulator(): Accumulator
}

/** A provider's client library: which methods to observe and how its shapes become the contract's. One file each. */
export interface Provider {
  /** Null when the client is not of this library. */
  endpoints(client: object): Endpoint[] | null
}
