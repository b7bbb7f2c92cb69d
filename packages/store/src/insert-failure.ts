import type { InsertFailure } from './database.js'

/**
 * ClickHouse error codes that say "these bytes will never go in". A batch that fails so is bisected down to its bad
 * events. Anything not listed is transient: it is tried again with the same bytes and never starts a bisect.
 */
export const POISON_CODES: ReadonlyMap<number, string> = new Map([
  [6, 'CANNOT_PARSE_TEXT'],
  [15, 'DUPLICATE_COLUMN'],
  [25, 'CANNOT_PARSE_ESCAPE_SEQUENCE'],
  [26, 'CANNOT_PARSE_QUOTED_STRING'],
  [27, 'CANNOT_PARSE_INPUT_ASSERTION_FAILED'],
  [32, 'ATTEMPT_TO_READ_AFTER_EOF'],
  [33, 'CANNOT_READ_ALL_DATA'],
  [38, 'CANNOT_PARSE_DATE'],
  [41, 'CANNOT_PARSE_DATETIME'],
  [43, 'ILLEGAL_TYPE_OF_ARGUMENT'],
  [53, 'TYPE_MISMATCH'],
  [69, 'ARGUMENT_OUT_OF_BOUND'],
  [70, 'CANNOT_CONVERT_TYPE'],
  [72, 'CANNOT_PARSE_NUMBER'],
  [117, 'INCORRECT_DATA'],
  [130, 'CANNOT_READ_ARRAY_FROM_TEXT'],
  [131, 'TOO_LARGE_STRING_SIZE'],
  [190, 'SIZES_OF_ARRAYS_DONT_MATCH'],
  // Of a line that nests deeper than the engine reads: retried, one such line would hold its partition for ever.
  [306, 'TOO_DEEP_RECURSION'],
  [321, 'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE'],
  [349, 'CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN'],
  [376, 'CANNOT_PARSE_UUID'],
  [407, 'DECIMAL_OVERFLOW'],
  [441, 'CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING'],
  [467, 'CANNOT_PARSE_BOOL'],
  [469, 'VIOLATED_CONSTRAINT'],
  [636, 'CANNOT_EXTRACT_TABLE_STRUCTURE'],
  [691, 'UNKNOWN_ELEMENT_OF_ENUM'],
])

/**
 * Error codes that were met on inserts and must be retried, though one might think of the bytes first.
 * Documentation and a test: everything that is not poison is transient.
 */
export const TRANSIENT_CODES: ReadonlyMap<number, string> = new Map([
  [10, 'NOT_FOUND_COLUMN_IN_BLOCK'],
  [16, 'NO_SUCH_COLUMN_IN_TABLE: a schema older than this program'],
  [60, 'UNKNOWN_TABLE: not migrated yet'],
  [76, 'CANNOT_OPEN_FILE'],
  [115, 'UNKNOWN_SETTING: another version of the engine'],
  [159, 'TIMEOUT_EXCEEDED'],
  [164, 'READONLY'],
  [202, 'TOO_MANY_SIMULTANEOUS_QUERIES'],
  [209, 'SOCKET_TIMEOUT'],
  [210, 'NETWORK_ERROR'],
  [241, 'MEMORY_LIMIT_EXCEEDED'],
  [242, 'TABLE_IS_READ_ONLY'],
  [243, 'NOT_ENOUGH_SPACE'],
  [252, 'TOO_MANY_PARTS'],
  [319, 'UNKNOWN_STATUS_OF_INSERT'],
])

/** Whether the same bytes can ever go in. Looks through `cause` for the engine's error code. */
export function classifyInsertFailure(error: unknown): InsertFailure {
  const code = engineCode(error)
  return code !== undefined && POISON_CODES.has(code) ? 'poison' : 'transient'
}

/** ClickHouse's error code of an error or of its causes, else undefined. */
export function engineCode(error: unknown): number | undefined {
  for (let current = error, depth = 0; current && depth < 8; depth++) {
    const fields = current as { clickhouseCode?: unknown; code?: unknown; message?: unknown; cause?: unknown }
    if (typeof fields.clickhouseCode === 'number') return fields.clickhouseCode
    if (typeof fields.code === 'string' && /^\d+$/.test(fields.code)) return Number(fields.code)
    const named = typeof fields.message === 'string' ? /\bCode: (\d+)\. DB::/.exec(fields.message) : null
    if (named) return Number(named[1])
    current = fields.cause
  }
  return undefined
}
