import { saidBy } from '../formats/conversation.js'
import { FORMATS } from '../formats/registry.js'
import type { Layout, Part, TargetRecord } from '../formats/target.js'
import { createValidator } from '../formats/validate.js'
import type { CuratedRow } from '../row.js'
import { sha256 } from '../text/canonical-json.js'
import { isSameJson } from '../text/same-json.js'
import type { FileEntry } from './file-entry.js'
import { type Entry, partOf } from './plan.js'

/** Whether the record teaches what the row says, as the target's loader takes it. */
// Not by way of the renderer, whose mistake it is that this looks for.
function isPolar(record: TargetRecord, { chosen, rejected, label }: CuratedRow, part: Part): boolean {
  const { better, worse, label: told } = part.said(record)
  if (better !== undefined && better !== saidBy(chosen)) return false
  if (worse !== undefined && (rejected === undefined || worse !== saidBy(rejected))) return false
  return told === undefined || told === label
}

/**
 * Reads one file again as its target's loader would (gate 18) and compares it, row by row and side by side, with the
 * rows it was made from. Returns what is wrong, in words.
 * @param bytes as they were read from where they are kept
 */
export async function verifyShard(
  file: Pick<FileEntry, 'target' | 'shape' | 'format' | 'rows' | 'sha256'>,
  entries: readonly Entry[],
  layout: Layout,
  bytes: Uint8Array,
): Promise<string[]> {
  const problems = sha256(bytes) === file.sha256 ? [] : ['the bytes on disk are not the bytes written']
  const format = FORMATS.find((each) => each.id === file.format)
  if (format === undefined || layout.target !== file.target || layout.part !== file.shape) return problems
  const { target, part } = partOf(layout)
  const validator = createValidator(target, part)
  let index = 0
  for await (const batch of format.read(bytes)) {
    for (const record of batch) {
      const { row, record: expected } = entries[index] ?? {}
      const code = validator.push(record)
      if (code !== null) problems.push(`row ${index}: ${code}`)
      const isJudged = row !== undefined && code === null
      if (isJudged && !isPolar(record, row, part)) problems.push(`row ${index}: has its sides swapped`)
      const isSame = row !== undefined && isSameJson(expected, record)
      if (!isSame) problems.push(`row ${index}: reads as another row than was written`)
      index++
    }
  }
  if (index === 0) problems.push('row 0: no_rows')
  if (index !== entries.length) problems.push(`${index} of ${entries.length} rows`)
  return problems
}

/** Why a set may not be published, whatever its files are. */
export function refuseLeaks({ leaking_members }: { leaking_members: number }): string[] {
  return leaking_members === 0 ? [] : [`${leaking_members} people or prompts are on both sides of the split`]
}
