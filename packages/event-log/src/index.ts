export type {
  Assignment,
  Backlog,
  Boundary,
  ConsumeOptions,
  Consumer,
  EventLog,
  LogRoom,
  PartitionProgress,
  Position,
  PositionedRecord,
  Slice,
  WaitingLines,
  WaitingPartition,
} from './event-log.js'
export type { LocalLog } from './local/local-log.js'
export { type LocalLogOptions, openLocalLog } from './local/open-local-log.js'
export { type RenewedLog, renewLocalLog } from './local/renew-local-log.js'
