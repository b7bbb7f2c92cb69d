import type { Flywheel } from './client.js'
import { flywheelFor } from './client.js'
import { nodeRuntime } from './node/runtime.js'
import type { FlywheelOptions } from './options.js'

/**
 * The client for Node, Bun and Deno. Without a key it does nothing and warns once.
 * @example
 * const flywheel = createFlywheel({ consent: { train: 'granted' }, consentBasis: 'terms-2026-01' })
 * const openai = flywheel.wrap(new OpenAI())
 */
export const createFlywheel: (options?: FlywheelOptions) => Flywheel = flywheelFor(nodeRuntime)

export type { CaptureMode } from './capture-mode.js'
export type { ConsentOptions, ConsentSubject, Flywheel } from './client.js'
export type { Consent, Context, WaitUntil } from './context.js'
export type { DeliveryError, FlushReport, Stats } from './counters.js'
export type { Diagnostic } from './diagnostics.js'
export type { CandidateInput, Feedback, FeedbackOptions, RetractIdentity } from './feedback.js'
export type { ObserveOptions } from './observe.js'
export type { FlywheelOptions } from './options.js'
export type { OtelMode } from './otel.js'
export type { InteractionInput } from './record.js'
export type { Redact } from './redact.js'
export type { Relay, RelayOptions, RequestOptions } from './request-options.js'
export type { Target } from './target.js'
export type { TicketOptions } from './ticket.js'
export type { Batch, Transport, TransportAnswer } from './transport.js'
export type { Turn, TurnContext, TurnMetadata } from './turn.js'
