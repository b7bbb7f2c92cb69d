import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'
import { inPath } from '../in-path.js'
import { printable } from '../output.js'

interface Part {
  type: string
  content?: string
  name?: string
  arguments?: unknown
}
interface Message {
  role: string
  parts: Part[]
}

/** `flywheel show`: JSON as the server wrote it, or on a terminal the conversation and what became of it. */
export async function show(context: CommandContext, id: string): Promise<number> {
  const { output } = context
  const response = await createClient(context).v1.interactions[':id'].$get({ param: { id: inPath(id) } })
  if (output.format !== 'table') {
    // The text itself: reading it as JSON and writing it again would change large integers.
    output.raw(`${await response.text()}\n`)
    return EXIT.ok
  }
  const row = await response.json()
  const lines = [
    `${row.id}   ${row.t}   ${row.status}`,
    printable(
      `model ${row.model_answered || row.model_requested}   task ${row.task || '-'}   user ${row.user_id || '-'}   session ${row.session_id || '-'}`,
    ),
    '',
    ...conversation((row.messages ?? []) as Message[]),
    ...conversation((row.outputs ?? []) as Message[], 'answer'),
    row.feedback.length === 0 ? 'no feedback' : 'feedback',
    ...row.feedback.map(
      (event) =>
        `  ${printable(`${event.occurred_at}  ${event.kind} ${said(event)}  by ${event.author_kind} ${event.author_id}  ${event.trust}  ${event.state}`)}`,
    ),
  ]
  output.raw(`${lines.join('\n')}\n`)
  return EXIT.ok
}

function conversation(messages: readonly Message[], label?: string): string[] {
  return messages.flatMap(({ role, parts }) => [
    `[${label ?? role}]`,
    ...parts.map((part) => `  ${partText(part)}`),
    '',
  ])
}

function partText(part: Part): string {
  if (part.type === 'tool_call') return printable(`→ ${part.name}(${JSON.stringify(part.arguments)})`)
  const text = part.content ?? JSON.stringify(part)
  return text.split('\n').map(printable).join('\n  ')
}

function said(event: { label: string; value: number | null; [name: string]: unknown }): string {
  const kept = event['kept_preview']
  return [event.label, event.value, typeof kept === 'string' && kept !== '' ? JSON.stringify(kept) : '']
    .filter((part) => part !== '' && part !== null)
    .join(' ')
}
