export type { ClientCounters } from './client-header.js'
export { COLUMN_TYPES, type ColumnType, UINT_MAX } from './column-types.js'
export { consentSchema } from './consent.js'
export { type DecodedLine, decodeLine, type RefusedLine } from './decode-line.js'
export { ERRORS, type ErrorCode, FlywheelError, isFlywheelError } from './errors.js'
export { EVENT_SCHEMAS } from './events.js'
export { feedbackSchema } from './feedback.js'
export { claimsOtherAuthor, FEEDBACK_RULES, type KindRule } from './feedback-rules.js'
export {
  canonicalFilter,
  type InteractionFilter,
  interactionFilterQuerySchema,
  interactionFilterSchema,
} from './filter.js'
export { interactionSchema } from './interaction.js'
export { hasInvalidText } from './invalid-text.js'
export { jsonSchemas } from './json-schema.js'
export { linkSchema } from './link.js'
export { decodeHeader, encodeHeader, logHeaderSchema } from './log-header.js'
export type { LogHeader, LogLine, LogRecord } from './log-record.js'
export { respellIntegers } from './respell-integers.js'
export { type LineRange, splitLines } from './split-lines.js'
export { strictEvent } from './strict.js'
export type {
  AuthorKind,
  Candidate,
  ConsentEvent,
  EventsAnswer,
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
  RejectedLine,
  Role,
  Scope,
  Stage,
  Status,
  SubjectKind,
  TargetKind,
  TicketClaims,
  ToolDefinition,
  Trust,
} from './wire.js'
export {
  API_KEY_KINDS,
  AUTHOR_KINDS,
  CLIENT_HEADER,
  canonicalTime,
  createUuidv7,
  EVENT_TYPES,
  FEEDBACK_KINDS,
  formatClientHeader,
  isUuid,
  isUuidv7,
  JSON_FIELDS,
  LIMITS,
  LINK_TARGET_KINDS,
  MAX_TIME_MS,
  MIN_TIME_MS,
  NO_LIMIT_UNTIL,
  OPERATIONS,
  PURPOSES,
  parseClientHeader,
  parseTime,
  RESERVED_FIELDS,
  ROLES,
  SCHEMA_VERSION,
  SCOPES,
  STAGES,
  STATUSES,
  SUBJECT_KINDS,
  TARGET_KINDS,
  TICKET_KEY_LABEL,
  TICKET_PREFIX,
  TRUSTS,
  uuidv7Time,
} from './wire.js'
