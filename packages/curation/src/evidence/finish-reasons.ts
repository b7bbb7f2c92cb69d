const TRUNCATED = new Set(['length', 'max_tokens', 'max_output_tokens', 'model_length', 'MAX_TOKENS'])
const FILTERED = new Set([
  'content_filter',
  'content-filter',
  'safety',
  'SAFETY',
  'recitation',
  'RECITATION',
  'refusal',
])

/** Why an answer that ended in this way is nobody's answer, by what any provider calls it; null where it is one. */
export function cutBy(finishReason: string): 'truncated' | 'filtered' | null {
  if (TRUNCATED.has(finishReason)) return 'truncated'
  return FILTERED.has(finishReason) ? 'filtered' : null
}
