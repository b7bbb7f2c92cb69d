import { type TargetKind, TICKET_PREFIX } from '@flywheel/schema/wire'
import type { Context } from './context.js'

/** On a turn, so that it is told from a plain `{ id }` also across two copies of the SDK. */
export const TURN: unique symbol = Symbol.for('flywheel.turn') as never

/** What a feedback or a ticket can be about: an interaction's id, a ticket, a turn, the provider's response id, the host's ref. */
export type Target =
  | string
  | { readonly [TURN]: Context; readonly id: string }
  | { readonly interaction: string }
  | { readonly turn: string }
  | { readonly ticket: string }
  | { readonly responseId: string }
  | { readonly ref: string }

/** The wire's target fields. */
export type WireTarget = { target_kind: TargetKind; target: string } | { ticket: string }

const KINDS = { interaction: 'interaction', turn: 'turn', responseId: 'response', ref: 'ref' } as const

function named(kind: TargetKind, value: unknown): WireTarget | null {
  if (typeof value !== 'string' || value === '') return null
  return { target_kind: kind, target: kind === 'interaction' || kind === 'turn' ? value.toLowerCase() : value }
}

/** Null for what is no target, which a host without types can pass. */
export function targetOf(target: Target): WireTarget | null {
  if (typeof target === 'string') {
    return target.startsWith(`${TICKET_PREFIX}.`) ? { ticket: target } : named('interaction', target)
  }
  if (typeof target !== 'object' || target === null) return null
  const fields = target as unknown as Record<string, unknown>
  if (TURN in target) return named('turn', fields['id'])
  if (typeof fields['ticket'] === 'string') return fields['ticket'] ? { ticket: fields['ticket'] } : null
  for (const [name, kind] of Object.entries(KINDS)) if (name in target) return named(kind, fields[name])
  return null
}

/** The turn's context, where the target is one. */
export function targetContext(target: Target): Context | undefined {
  return typeof target === 'object' && target !== null && TURN in target ? target[TURN] : undefined
}
