import { saidBy } from '../formats/conversation.js'
import type { Part, TargetRecord } from '../formats/target.js'
import type { CuratedRow } from '../row.js'
import { canonicalJson, sha256 } from '../text/canonical-json.js'
import type { Entry } from './plan.js'

interface RowDigest {
  record: string
  better: string
  worse: string | null
  label: boolean | undefined
}

function digestOf({ row: { chosen, rejected, label }, record }: Entry): RowDigest {
  return {
    record: sha256(canonicalJson(record)),
    better: sha256(saidBy(chosen)),
    worse: rejected === undefined ? null : sha256(saidBy(rejected)),
    label,
  }
}

/** What the rows of a shard are and say, as hashes: what a file says is held against it when its rows are gone. */
export class RowDigests {
  readonly #rows: RowDigest[] = []

  get length(): number {
    return this.#rows.length
  }

  add(entry: Entry): void {
    this.#rows.push(digestOf(entry))
  }

  /** Whether a record is that of the row. */
  isSame(index: number, record: TargetRecord): boolean {
    return this.#rows[index]?.record === sha256(canonicalJson(record))
  }

  /** Whether the record teaches what the row says, as the target's loader takes it; of no row there is nothing to say. */
  // Not by way of the renderer, whose mistake it is that this looks for.
  isPolar(index: number, record: TargetRecord, part: Part): boolean {
    const row = this.#rows[index]
    if (row === undefined) return true
    const { better, worse, label } = part.said(record)
    if (better !== undefined && sha256(better) !== row.better) return false
    if (worse !== undefined && sha256(worse) !== row.worse) return false
    return label === undefined || label === row.label
  }
}

/** Of rows that are all there. */
export function digestsOf(entries: Iterable<{ row: CuratedRow; record: TargetRecord }>): RowDigests {
  const digests = new RowDigests()
  for (const entry of entries) digests.add(entry)
  return digests
}
