import { expect, it } from 'vitest'
import { type CuratedRow, FORMATS, readRecords, recipeSchema } from '../../src/index.js'
import { renderShards } from '../rendered.js'
import { calls, refundTool, rowOf, says, setOf } from './rows.js'

async function toolsOf(rows: CuratedRow[], format: string): Promise<unknown[]> {
  const { files } = await renderShards(setOf(rows), recipeSchema.parse({ targets: ['trl'], formats: [format] }))
  const shard = files.find(({ target }) => target === 'trl')!
  const records = await readRecords(FORMATS.find(({ id }) => id === format)!, shard.bytes)
  return records.map(({ tools }) => (typeof tools === 'string' ? JSON.parse(tools) : tools))
}

const plain = rowOf({ shape: 'preference', chosen: says('Tomorrow.'), rejected: says('Soon.') })
const withTool = rowOf({
  shape: 'preference',
  tools: [refundTool],
  chosen: calls({ order: 8 }),
  rejected: calls({ order: 7 }),
})

// TRL hands what it decodes to the chat template as it is; Llama 3.1's asks `tools is not none`, which [] is not.
it.each(['jsonl', 'parquet'])(
  'says null, not an empty list, for a row without tools beside others: %s',
  async (format) => {
    expect(await toolsOf([plain, withTool], format)).toEqual([null, [refundTool]])
  },
)

it('has no column of tools where no row has any', async () => {
  expect(await toolsOf([plain], 'jsonl')).toEqual([undefined])
})
