import { z } from 'zod'
import { UINT_MAX } from './column-types.js'
import { parseTime } from './time.js'
import { UUID_PATTERN, UUIDV7_PATTERN } from './uuidv7.js'
import { PURPOSES } from './wire.js'

/** A UUID of any version in lower case. */
export const uuid = z.string().regex(UUID_PATTERN, 'is not a UUID in lower case')
/** A UUIDv7 in lower case. */
export const uuidv7 = z.string().regex(UUIDV7_PATTERN, 'is not a UUIDv7 in lower case')
export const text = z.string()
export const nonEmpty = z.string().min(1)
export const texts = z.array(z.string())
export const uint16 = z.number().int().min(0).max(UINT_MAX.UInt16)
export const uint32 = z.number().int().min(0).max(UINT_MAX.UInt32)
/** A finite number: JSON's `1e400` reads as Infinity and is refused. */
export const float64 = z.number()
/** RFC 3339 with a zone, within `DateTime64(3)`. */
export const time = z
  .string()
  .refine((value) => parseTime(value) !== null, 'is not an RFC 3339 time with a zone, such as 2026-01-31T12:00:00.000Z')
  .meta({ format: 'date-time' })
/** An object with any members; members keep their bytes, so they are not looked at. */
export const jsonObject = z.looseObject({})
export const jsonObjectOrArray = z.union([z.looseObject({}), z.array(z.unknown())])
export const stringMap = z.record(z.string(), z.string())

/** A row's own consent. A purpose that nobody knows is refused: a misspelt denial must not read as silence. */
export const consentMap = z.partialRecord(z.enum(PURPOSES), z.enum(['granted', 'denied']))

/** What every event carries. */
export const eventBase = {
  id: uuidv7,
  schema_version: z.literal(1),
  metadata: stringMap.optional(),
}
