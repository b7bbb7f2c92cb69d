import type { CuratedRow, CuratedSet } from '../curate.js'
import { FORMATS } from '../formats/registry.js'
import { renderTrl, type TrlLayout, type TrlRecord } from '../formats/trl.js'
import { validateTrl } from '../formats/validate-trl.js'
import type { ChatToolCall } from '../prompt/chat.js'
import { canonicalJson, sha256 } from '../text/canonical-json.js'
import type { ShardFile } from './shards.js'

function saidIn(side: unknown): string {
  const [message] = side as [{ content: string; tool_calls?: ChatToolCall[] }]
  const calls = (message.tool_calls ?? []).map(({ function: { name, arguments: given } }) => [
    name,
    typeof given === 'string' ? JSON.parse(given) : given,
  ])
  return canonicalJson([message.content, calls])
}

// Not by way of the renderer, whose mistake it is that this looks for.
function isPolar(record: TrlRecord, { shape, chosen, rejected, label }: CuratedRow): boolean {
  const { completion, chosen: better, rejected: worse } = record
  if (shape === 'preference') return saidIn(better) === saidIn([chosen]) && saidIn(worse) === saidIn([rejected])
  return saidIn(completion) === saidIn([chosen]) && (shape !== 'unpaired' || record['label'] === label)
}

/**
 * Reads every shard again as its loader would (gate 18) and compares it, row by row and side by side, with the set it
 * was made from. Returns what is wrong, in words; nothing may be published while there is any.
 */
export async function verifyShards(
  set: CuratedSet,
  layouts: readonly TrlLayout[],
  files: readonly ShardFile[],
  read: (path: string) => Promise<Uint8Array>,
): Promise<string[]> {
  const problems =
    set.leaking_members === 0 ? [] : [`${set.leaking_members} people or prompts are on both sides of the split`]
  const seen = new Map<string, number>()
  for (const file of files) {
    const bytes = await read(file.path)
    if (sha256(bytes) !== file.sha256) problems.push(`${file.path}: the bytes on disk are not the bytes written`)
    const format = FORMATS.find((each) => each.id === file.format)
    const layout = layouts.find((each) => each.shape === file.shape)
    if (format === undefined || layout === undefined) continue
    const records = await format.read(bytes)
    for (const { row, code } of validateTrl(records, layout.shape)) problems.push(`${file.path}: row ${row}: ${code}`)
    const stream = `${file.shape}/${file.split}/${file.format}`
    const from = seen.get(stream) ?? 0
    seen.set(stream, from + records.length)
    const rows = set.rows.filter((row) => row.shape === layout.shape && row.meta.split === file.split)
    records.forEach((record, index) => {
      const row = rows[from + index]
      if (row !== undefined && !isPolar(record, row)) problems.push(`${file.path}: row ${index}: has its sides swapped`)
      const isSame = row !== undefined && canonicalJson(renderTrl(row, layout)) === canonicalJson(record)
      if (!isSame) problems.push(`${file.path}: row ${index}: reads as another row than was written`)
    })
    if (records.length !== file.rows) problems.push(`${file.path}: ${records.length} of ${file.rows} rows`)
  }
  return problems
}
