import type { Layout } from '../formats/target.js'

function mergedArguments(layouts: readonly Layout[]): Layout['arguments'] {
  const [first, ...others] = layouts.filter(({ hasToolCalls }) => hasToolCalls).map((layout) => layout.arguments)
  const isSame = (other: Layout['arguments']): boolean => JSON.stringify(other) === JSON.stringify(first)
  return first !== undefined && others.every(isSame) ? first : 'json'
}

/** The layout of all shards of one part, of which each was decided over its own rows: all have the same columns. */
export function mergeLayouts(layouts: readonly Layout[]): Layout | null {
  const [first] = layouts
  if (first === undefined) return null
  const left_out: Record<string, number> = {}
  for (const layout of layouts) {
    for (const [reason, rows] of Object.entries(layout.left_out)) left_out[reason] = (left_out[reason] ?? 0) + rows
  }
  return {
    ...first,
    hasTools: layouts.some(({ hasTools }) => hasTools),
    hasNames: layouts.some(({ hasNames }) => hasNames),
    hasReasoning: layouts.some(({ hasReasoning }) => hasReasoning),
    hasToolCalls: layouts.some(({ hasToolCalls }) => hasToolCalls),
    hasToolCallIds: layouts.some(({ hasToolCallIds }) => hasToolCallIds),
    arguments: mergedArguments(layouts),
    left_out,
  }
}
