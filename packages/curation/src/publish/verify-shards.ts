import type { CuratedRow, CuratedSet } from '../curate.js'
import { saidBy } from '../formats/conversation.js'
import { FORMATS } from '../formats/registry.js'
import type { Layout, Part, TargetRecord } from '../formats/target.js'
import { validateRecords } from '../formats/validate.js'
import { canonicalJson, sha256 } from '../text/canonical-json.js'
import { type Entry, entriesOf, partOf } from './plan.js'
import type { ShardFile } from './shards.js'

/** Whether the record teaches what the row says, as the target's loader takes it. */
// Not by way of the renderer, whose mistake it is that this looks for.
function isPolar(record: TargetRecord, { chosen, rejected, label }: CuratedRow, part: Part): boolean {
  const { better, worse, label: told } = part.said(record)
  if (better !== undefined && better !== saidBy(chosen)) return false
  if (worse !== undefined && (rejected === undefined || worse !== saidBy(rejected))) return false
  return told === undefined || told === label
}

/**
 * Reads every shard again as its target's loader would (gate 18) and compares it, row by row and side by side, with
 * the set it was made from. Returns what is wrong, in words; nothing may be published while there is any.
 */
export async function verifyShards(
  set: CuratedSet,
  layouts: readonly Layout[],
  files: readonly ShardFile[],
  read: (path: string) => Promise<Uint8Array>,
): Promise<string[]> {
  const problems =
    set.leaking_members === 0 ? [] : [`${set.leaking_members} people or prompts are on both sides of the split`]
  const seen = new Map<string, number>()
  const written = new Map<string, Entry[]>()
  const entriesFor = (layout: Layout, split: string): Entry[] => {
    const key = `${layout.target}/${layout.part}/${split}`
    const entries = written.get(key) ?? entriesOf(set, layout, split)
    written.set(key, entries)
    return entries
  }
  for (const file of files) {
    const bytes = await read(file.path)
    if (sha256(bytes) !== file.sha256) problems.push(`${file.path}: the bytes on disk are not the bytes written`)
    const format = FORMATS.find((each) => each.id === file.format)
    const layout = layouts.find((each) => each.target === file.target && each.part === file.shape)
    if (format === undefined || layout === undefined) continue
    const { target, part } = partOf(layout)
    const records = await format.read(bytes)
    const bad = validateRecords(records, target, part)
    for (const { row, code } of bad) problems.push(`${file.path}: row ${row}: ${code}`)
    const unreadable = new Set(bad.map(({ row }) => row))
    const stream = `${file.target}/${file.shape}/${file.split}/${file.format}`
    const from = seen.get(stream) ?? 0
    seen.set(stream, from + records.length)
    const entries = entriesFor(layout, file.split)
    records.forEach((record, index) => {
      const { row, record: expected } = entries[from + index] ?? {}
      const isJudged = row !== undefined && !unreadable.has(index)
      if (isJudged && !isPolar(record, row, part)) problems.push(`${file.path}: row ${index}: has its sides swapped`)
      const isSame = row !== undefined && canonicalJson(expected) === canonicalJson(record)
      if (!isSame) problems.push(`${file.path}: row ${index}: reads as another row than was written`)
    })
    if (records.length !== file.rows) problems.push(`${file.path}: ${records.length} of ${file.rows} rows`)
  }
  return problems
}
