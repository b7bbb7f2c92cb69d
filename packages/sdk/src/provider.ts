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
> &
  // Where the answer itself says that the call failed; these win over how the call ended.
  Partial<Pick<InteractionEvent, 'status' | 'error_type' | 'error_message'>> & {
    /** Rewrites the request, as JSON members, where the answer is to a later one that the library made by itself. */
    readonly rewriteRequest?: ((members: string) => string) | undefined
  }

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

/** How one method's arguments, answers and chunks become the contract's parts. Pure; stands in a provider's own file. */
export interface Mapping {
  /** `provider` is OpenTelemetry's `gen_ai.provider.name` of the server behind the client. */
  request(args: readonly unknown[], hold: HoldBlob, provider: string): RequestFields
  response(value: unknown, hold: HoldBlob): AnswerFields
  accumulator(): Accumulator
}

/** What a provider's file exports, by the names that `Provider.methods` uses. */
export type Mappings = Readonly<Record<string, Mapping>>

/**
 * A provider's client library, feature-detected and never imported. Its mappings are loaded when a client is wrapped, so
 * that a host pays for the providers it uses; calls made before they are there are kept and mapped then.
 */
export interface Provider {
  /** Path of each observed method and the name of its mapping. A client that has the first one is of this library. */
  readonly methods: Readonly<Record<string, string>>
  name(client: object): string
  load(): Promise<{ readonly mappings: Mappings }>
}
