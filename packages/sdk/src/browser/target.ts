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
  type Fields = Record<string, unknown> | null | undefined
  const named = typeof target === 'string' && { [target.startsWith('fwt1.') ? 'ticket' : 'interaction']: target }
  const given = (named || target) as Fields
  const { ticket, interaction, turn, responseId, ref } = ((given?.['metadata'] as Fields)?.['flywheel'] ??
    given ??
    {}) as Record<string, string>
  if (ticket) return { ticket }
  for (const [kind, value] of Object.entries({ interaction, turn, response: responseId, ref })) {
    // Ids are compared in lower case; what the provider or the host named is not ours to respell.
    if (value) return { target_kind: kind as TargetKind, target: /n$/.test(kind) ? value.toLowerCase() : value }
  }
  return undefined
}

/** The ticket that `turn.headers()` put on a response, or null. */
export function ticketOf(response: { readonly headers: { get(name: string): string | null } }): string | null {
  return response.headers.get('flywheel-ticket')
}
