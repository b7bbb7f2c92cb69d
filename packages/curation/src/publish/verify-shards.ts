import { FORMATS } from '../formats/registry.js'
import type { Layout } from '../formats/target.js'
import { createValidator } from '../formats/validate.js'
import { sha256 } from '../text/canonical-json.js'
import type { FileEntry } from './file-entry.js'
import { partOf } from './plan.js'
import type { RowDigests } from './row-digests.js'

/**
 * Reads one file again as its target's loader would (gate 18) and compares it, row by row and side by side, with the
 * rows it was made from, of which hashes are enough. Returns what is wrong, in words.
 * @param bytes as they were read from where they are kept
 */
export async function verifyShard(
  file: Pick<FileEntry, 'target' | 'shape' | 'format' | 'rows' | 'sha256'>,
  rows: RowDigests,
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
      const code = validator.push(record)
      if (code !== null) problems.push(`row ${index}: ${code}`)
      else if (!rows.isPolar(index, record, part)) problems.push(`row ${index}: has its sides swapped`)
      if (!rows.isSame(index, record)) problems.push(`row ${index}: reads as another row than was written`)
      index++
    }
  }
  if (index === 0) problems.push('row 0: no_rows')
  if (index !== rows.length) problems.push(`${index} of ${rows.length} rows`)
  return problems
}

/** Why a set may not be published, whatever its files are. */
export function refuseLeaks({ leaking_members }: { leaking_members: number }): string[] {
  return leaking_members === 0 ? [] : [`${leaking_members} people or prompts are on both sides of the split`]
}
