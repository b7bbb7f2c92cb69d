import type { Format } from './format.js'
import { jsonl } from './jsonl.js'
import { parquet } from './parquet.js'

/** Every format a recipe may name. */
export const FORMATS: readonly Format[] = [jsonl, parquet]
