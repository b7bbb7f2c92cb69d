import type { TargetKind } from '@flywheel/schema/wire'

/** A message of a chat whose metadata came from `turn.messageMetadata`, such as the AI SDK's `UIMessage`. */
export interface MessageLike {
  readonly metadata?: unknown
}

/** What a feedback from a browser can be about; the same as on the server, and a message that carries its turn. */
export type BrowserTarget =
  | string
  | { readonly interaction: string }
  | { readonly turn: string; readonly ticket?: string | undefined }
  | { readonly ticket: string }
  | { readonly responseId: string }
  | { readonly ref: string }
  | MessageLike

/** The wire's target fields. */
export type WireTarget = { target_kind: TargetKind; target: string } | { ticket: string }

/** Undefined for what is no target (yet): a message whose metadata has not arrived, a response without a ticket. */
export function targetOf(target: unknown): WireTarget | undefined {
  let given = target as Record<string, unknown> | null | undefined
  if (typeof target === 'string') given = { [target.startsWith('fwt1.') ? 'ticket' : 'interaction']: target }
  given = ((given?.['metadata'] as typeof given)?.['flywheel'] as typeof given) ?? given
  for (const name of ['ticket', 'interaction', 'turn', 'responseId', 'ref'] as const) {
    const value = given?.[name]
    if (!value || typeof value !== 'string') continue
    if (name === 'ticket') return { ticket: value }
    if (name === 'responseId') return { target_kind: 'response', target: value }
    return { target_kind: name, target: name === 'ref' ? value : value.toLowerCase() }
  }
  return undefined
}

/** The ticket that `turn.headers()` put on a response, or null. */
export function ticketOf(response: { readonly headers: { get(name: string): string | null } }): string | null {
  return response.headers.get('flywheel-ticket')
}
