/** The types of `.`, the same in both of its builds: whatever stands in a public signature has a name to import. */
export type {
  AuthorKind,
  ConsentEvent,
  EventType,
  FeedbackEvent,
  FeedbackKind,
  FlywheelEvent,
  InteractionEvent,
  JsonObject,
  JsonValue,
  LinkEvent,
  Message,
  Operation,
  Part,
  Purpose,
  Stage,
  Status,
  ToolDefinition,
} from '@flywheel/schema/wire'
export type { AiOptions, AiTelemetrySettings } from './ai/delegate.js'
export type { CaptureMode } from './capture-mode.js'
export type { ConsentOptions, ConsentSubject, Flywheel } from './client.js'
export type { Consent, Context, WaitUntil } from './context.js'
export type { DeliveryError, FlushReport, Stats } from './counters.js'
export type { Diagnostic } from './diagnostics.js'
export type {
  CandidateInput,
  ChooseOptions,
  CopyOptions,
  CorrectOptions,
  Feedback,
  FeedbackOptions,
  RateOptions,
  RetractIdentity,
  ReviewOptions,
  ShownOptions,
} from './feedback.js'
export type { AroundHandler, Handlers } from './handlers.js'
export type { ObserveOptions } from './observe.js'
export type { FlywheelOptions } from './options.js'
export type { OtelMode } from './otel.js'
export type { InteractionInput } from './record.js'
export type { Redact } from './redact.js'
export type {
  HonoContext,
  NodeRequest,
  NodeResponse,
  Relay,
  RelayOptions,
  RequestOptions,
} from './request-options.js'
export type { Spool, SpoolStats } from './spool-hook.js'
export type { Target } from './target.js'
export type { TicketOptions } from './ticket.js'
export type { Batch, Transport, TransportAnswer } from './transport.js'
export type { Turn, TurnContext, TurnMetadata } from './turn.js'
