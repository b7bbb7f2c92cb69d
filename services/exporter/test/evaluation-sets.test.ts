import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Recipe, recipeSchema } from '@flywheel/curation'
import { describe, expect, it } from 'vitest'
import { evaluationSets, readEvaluationFiles } from '../src/evaluation-sets.js'

const recipe = recipeSchema.parse({ decontaminate: { sets: ['exam'] } })

const read = async (outDir: string, of: Recipe = recipe): Promise<ReturnType<typeof evaluationSets>> =>
  evaluationSets(await readEvaluationFiles(outDir, of), of)

async function folderWith(text: string): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), 'flywheel-sets-'))
  await mkdir(join(outDir, 'evaluation-sets'))
  await writeFile(join(outDir, 'evaluation-sets', 'exam.jsonl'), text)
  return outDir
}

describe('evaluation sets', () => {
  it('takes every text of a line for an item, and names the file by its bytes', async () => {
    const question = 'What do ships carry over the northern sea in winter, and to whom?'
    const outDir = await folderWith(
      `${JSON.stringify({ id: 7, turns: [{ content: question }] })}\n\n"Another one of six words here"\n`,
    )
    const { index, hashes } = await read(outDir)
    expect(index?.sets).toEqual([{ name: 'exam', items: 2, too_short: 0 }])
    expect(index?.match([`Please: ${question}`])).toBe('exam')
    expect(hashes).toEqual([expect.stringMatching(/^exam:[0-9a-f]{64}$/)])
    const other = await read(await folderWith('"Another one"\n'))
    expect(other.hashes).not.toEqual(hashes)
  })

  it('takes a set that an export wrote as it is: what was asked and the reference, not what every row shares', async () => {
    const system = 'You answer for a shop that sends parcels over the northern sea, and you are polite.'
    const asked = 'When does the parcel with the blue lamp for my aunt arrive?'
    const target = 'It arrives on Tuesday before noon, unless the ferry is late again.'
    const item = {
      id: 'row-1',
      input: [
        { role: 'system', content: system },
        { role: 'user', content: asked },
      ],
      target,
      metadata: { reasons: { codes: ['wrong_fact'], texts: ['It was on the ship that left a week ago.'] }, task: 'x' },
    }
    const { index } = await read(await folderWith(`${JSON.stringify(item)}\n`))
    expect(index?.sets).toEqual([{ name: 'exam', items: 2, too_short: 0 }])
    expect([asked, target].map((each) => index?.match([each]))).toEqual(['exam', 'exam'])
    expect(index?.match([system, 'It was on the ship that left a week ago.'])).toBeUndefined()
  })

  it('reads nothing where the recipe names none', async () => {
    expect(await read('/nowhere', recipeSchema.parse({}))).toEqual({ index: undefined, hashes: [] })
  })

  it('says which set is not there and where it belongs, and which line is no JSON', async () => {
    const outDir = await folderWith('"one"\n{broken\n')
    await expect(read(outDir)).rejects.toThrow('exam.jsonl: line 2 is no JSON')
    const missing = recipeSchema.parse({ decontaminate: { sets: ['other'] } })
    await expect(read(outDir, missing)).rejects.toThrow('evaluation-sets/other.jsonl')
  })
})
