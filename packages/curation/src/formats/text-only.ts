import type { CuratedRow } from '../row.js'

/** Why a row has no form where messages are a role and a text: calls and definitions of tools would be lost. */
export function refusesTools({ prompt, tools, chosen, rejected }: CuratedRow): string | null {
  const messages = [...prompt, chosen, ...(rejected === undefined ? [] : [rejected])]
  if (messages.some((message) => message.tool_calls !== undefined)) return 'tool_call_lost'
  if (messages.some((message) => message.role === 'tool')) return 'tool_result_lost'
  return tools.length > 0 ? 'tools_have_no_place' : null
}

/** Why a foreign record would lose its calls or results. */
export function losesTools(turns: readonly { role: string; tool_calls?: unknown }[]): string | null {
  if (turns.some((turn) => (turn.tool_calls ?? null) !== null)) return 'tool_call_lost'
  return turns.some((turn) => turn.role === 'tool') ? 'tool_result_lost' : null
}
