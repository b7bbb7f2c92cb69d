import type { JsonObject, Message, Part } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'
import type { AnswerFields } from '../provider.js'
import { asArray, asCount, asShape, asText, isShape } from '../providers/shape.js'
import { contentPart } from './parts.js'

/** Tokens in the shapes of models (V2; V3 and V4) and of the SDK's own results. Cached and written ones are input too. */
function usageFields(value: unknown, providerMetadata: unknown): AnswerFields {
  const usage = asShape(value)
  const input = asShape(usage['inputTokens'])
  const output = asShape(usage['outputTokens'])
  const inputDetails = asShape(usage['inputTokenDetails'])
  const outputDetails = asShape(usage['outputTokenDetails'])
  const anthropic = asShape(asShape(providerMetadata)['anthropic'])
  const cached =
    asCount(input['cacheRead']) ?? asCount(inputDetails['cacheReadTokens']) ?? asCount(usage['cachedInputTokens'])
  const written = asCount(input['cacheWrite']) ?? asCount(inputDetails['cacheWriteTokens'])
  const plain = asCount(usage['inputTokens'])
  // Anthropic counts cached and written tokens apart, and V2 handed its count through.
  const writtenApart = asCount(anthropic['cacheCreationInputTokens'])
  const isApart =
    plain !== undefined && inputDetails['cacheReadTokens'] === undefined && 'anthropic' in asShape(providerMetadata)
  return {
    usage_input_tokens: asCount(input['total']) ?? (isApart ? plain + (cached ?? 0) + (writtenApart ?? 0) : plain),
    usage_output_tokens: asCount(output['total']) ?? asCount(usage['outputTokens']),
    usage_cached_tokens: cached,
    usage_cache_write_tokens: written ?? writtenApart,
    usage_reasoning_tokens:
      asCount(output['reasoning']) ?? asCount(outputDetails['reasoningTokens']) ?? asCount(usage['reasoningTokens']),
  } as AnswerFields
}

/** Everything of an answer besides its parts, in the shape of a model's result. */
export interface AnswerHead {
  readonly finishReason?: unknown
  readonly usage?: unknown
  readonly providerMetadata?: unknown
  readonly warnings?: unknown
  readonly response?: unknown
  /** What a stream said that has no place elsewhere. */
  readonly errors?: readonly unknown[] | undefined
}

/** The answer's fields from its parts and its head. */
export function answerOf(parts: Part[], head: AnswerHead): AnswerFields {
  const { id, modelId, timestamp } = asShape(head.response)
  const reason = isShape(head.finishReason) ? head.finishReason['unified'] : head.finishReason
  const warnings = asArray(head.warnings)
  const outputs: Message[] = parts.length > 0 || reason !== undefined ? [{ role: 'assistant', parts }] : []
  return {
    model_answered: asText(modelId),
    provider_response_id: asText(id),
    outputs,
    has_text: parts.some((part) => part.type === 'text' && part.content !== ''),
    finish_reasons: outputs.length > 0 ? [asText(reason) ?? ''] : [],
    ...usageFields(head.usage, head.providerMetadata),
    provider_json: {
      finishReason: head.finishReason,
      usage: head.usage,
      providerMetadata: head.providerMetadata,
      warnings: warnings.length > 0 ? warnings : undefined,
      timestamp,
    } as unknown as JsonObject,
  } as AnswerFields
}

/** What `doGenerate` resolved to. */
export function generatedFields(result: unknown, hold: HoldBlob): AnswerFields {
  const { content, text, ...head } = asShape(result)
  const parts = asArray(content).map((part) => contentPart(part, hold))
  if (parts.length === 0 && typeof text === 'string' && text !== '') parts.push({ type: 'text', content: text })
  return answerOf(parts, head as AnswerHead)
}
