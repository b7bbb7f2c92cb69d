import type { Flywheel } from './client.js'
import { flywheelFor } from './client.js'
import type { FlywheelOptions } from './options.js'
import { portableRuntime } from './portable-runtime.js'

/**
 * The client for Workers and edge functions: web standards alone, url and key as options, context within synchronous code.
 */
export const createFlywheel: (options?: FlywheelOptions) => Flywheel = flywheelFor(portableRuntime)

export type { CaptureMode } from './capture-mode.js'
export type { ConsentOptions, ConsentSubject, Flywheel } from './client.js'
export type { Consent, Context } from './context.js'
export type { DeliveryError, FlushReport, Stats } from './counters.js'
export type { Diagnostic } from './diagnostics.js'
export type { CandidateInput, Feedback, FeedbackOptions, RetractIdentity } from './feedback.js'
export type { ObserveOptions } from './observe.js'
export type { FlywheelOptions } from './options.js'
export type { OtelMode } from './otel.js'
export type { InteractionInput } from './record.js'
export type { Redact } from './redact.js'
export type { Target } from './target.js'
export type { TicketOptions } from './ticket.js'
export type { Batch, Transport, TransportAnswer } from './transport.js'
export type { Turn, TurnContext, TurnMetadata } from './turn.js'
