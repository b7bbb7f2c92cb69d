import type { ArgumentType, MessageLayout } from './message-layout.js'
import type { Column } from './target.js'

const VALUES: Record<ArgumentType, string> = {
  string: 'Value("string")',
  boolean: 'Value("bool")',
  integer: 'Value("int64")',
  number: 'Value("float64")',
}

/** Whether some messages have keys that others lack: then Arrow cannot tell the columns from the first rows. */
export function hasOptionalKeys(layout: MessageLayout): boolean {
  return layout.hasNames || layout.hasReasoning || layout.hasToolCalls || layout.hasToolCallIds
}

function struct(fields: readonly (readonly [string, string])[]): string {
  return `{${fields.map(([name, type]) => `${JSON.stringify(name)}: ${type}`).join(', ')}}`
}

function messages(layout: MessageLayout): string {
  const types = layout.arguments
  const given =
    types === 'json' ? VALUES.string : struct(Object.entries(types).map(([key, type]) => [key, VALUES[type]]))
  const called = struct([
    ['name', VALUES.string],
    ['arguments', given],
  ])
  const call = struct([
    ['type', VALUES.string],
    ['id', VALUES.string],
    ['function', called],
  ])
  return `List(${struct([
    ['role', VALUES.string],
    ['content', VALUES.string],
    ...(layout.hasNames ? [['name', VALUES.string] as const] : []),
    ...(layout.hasReasoning ? [['reasoning_content', VALUES.string] as const] : []),
    ...(layout.hasToolCalls ? [['tool_calls', `List(${call})`] as const] : []),
    ...(layout.hasToolCallIds ? [['tool_call_id', VALUES.string] as const] : []),
  ])})`
}

/**
 * The columns of a JSON lines file as Python's `datasets` wants them told. It takes them from the first 10 MB of the
 * first shard otherwise, and stops where a key comes later.
 */
export function pythonFeatures(columns: readonly Column[], layout: MessageLayout): string {
  const fields = columns.map(({ name, kind }): [string, string] => [
    name,
    kind === 'messages' ? messages(layout) : VALUES[kind],
  ])
  return `Features(${struct(fields)})`
}
