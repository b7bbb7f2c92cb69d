export type {
  Assignment,
  Backlog,
  Boundary,
  ConsumeOptions,
  Consumer,
  EventLog,
  PartitionProgress,
  Position,
  PositionedRecord,
  Slice,
} from './event-log.js'
export type { LocalLog } from './local/local-log.js'
export { type LocalLogOptions, openLocalLog } from './local/open-local-log.js'
