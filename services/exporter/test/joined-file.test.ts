import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRecipe } from '@flywheel/curation'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readJoinedFile } from '../src/joined-file.js'

describe('a joined file', () => {
  let outDir: string
  beforeAll(async () => {
    outDir = await mkdtemp(join(tmpdir(), 'flywheel-joins-'))
    await mkdir(join(outDir, 'joins'))
  })
  afterAll(() => rm(outDir, { recursive: true }))

  const recipeOf = (file: string, columns: string[]) =>
    parseRecipe({ join: { file, by: 'ref', key: 'ticket', columns } })

  async function read(file: string, text: string | Uint8Array, columns: string[] = ['plan', 'note']) {
    await writeFile(join(outDir, 'joins', file), text)
    return readJoinedFile(outDir, recipeOf(file, columns))
  }

  it('is CSV as spreadsheets write it: the named columns by the key, null where a cell is empty', async () => {
    const text = '\uFEFFticket,cost,plan,note\r\nT-1,9,pro,"two, ""quoted""\r\nlines"\r\nT-2,7,,x\r\n\r\n'
    const found = await read('crm.csv', text)
    expect([...(found?.rows ?? [])]).toEqual([
      ['T-1', { plan: 'pro', note: 'two, "quoted"\r\nlines' }],
      ['T-2', { plan: null, note: 'x' }],
    ])
    expect(found).toMatchObject({ file: 'crm.csv', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect((await read('crm.csv', `${text}T-3,1,free,y\r\n`))?.sha256).not.toBe(found?.sha256)
  })

  it('is JSON lines with texts, numbers and booleans, one type a column', async () => {
    const found = await read('crm.jsonl', '{"ticket":"T-1","plan":2.5,"note":true}\n\n{"ticket":"T-2","note":null}\n')
    expect([...(found?.rows ?? [])]).toEqual([
      ['T-1', { plan: 2.5, note: true }],
      ['T-2', { plan: null, note: null }],
    ])
    const mixed = '{"ticket":"T-1","plan":1,"note":""}\n{"ticket":"T-2","plan":"pro"}\n'
    await expect(read('crm.jsonl', mixed)).rejects.toThrow(
      'joins/crm.jsonl: line 2: the column "plan" is a string, and a number before; use one type',
    )
    await expect(read('crm.jsonl', '{"ticket":"T-1","plan":[1],"note":""}\n')).rejects.toThrow(
      'line 1: the column "plan" is no text, number or boolean',
    )
  })

  it('with one key twice is refused by its lines, without the key itself', async () => {
    const csv = read('crm.csv', 'ticket,plan,note\nann,pro,"a\nb"\nbob,pro,\nann,free,\n')
    await expect(csv).rejects.toThrow('joins/crm.csv: lines 3 and 5 have the same "ticket"; leave one of them')
    await expect(csv).rejects.not.toThrow('ann')
    const json = '{"ticket":"ann","plan":1,"note":1}\n{"ticket":"ann"}\n'
    await expect(read('crm.jsonl', json)).rejects.toThrow('lines 1 and 2 have the same "ticket"')
  })

  it('says what is wrong with it and where, and never what stands there', async () => {
    const cases: [string, string | Uint8Array, string][] = [
      ['crm.csv', 'ticket,plan,note\nsecret,pro\n', 'is no CSV: CSV_RECORD_INCONSISTENT_FIELDS_LENGTH at line 2'],
      ['crm.csv', 'ticket,plan,note\n"secret,pro,x\n', 'is no CSV: CSV_QUOTE_NOT_CLOSED'],
      ['crm.csv', 'ticket,plan,plan,note\n', 'its header names the column "plan" twice'],
      ['crm.csv', 'ticket,plan\nsecret,pro\n', 'it has no column "note"'],
      ['crm.csv', 'ticket,plan,note\n,pro,secret\n', 'line 2 has no text in its column "ticket"'],
      ['crm.jsonl', '{"ticket":"secret"\n', 'line 1 is no JSON'],
      ['crm.jsonl', '["secret"]\n', 'line 1 is no object'],
      ['crm.jsonl', '{"ticket":7,"plan":1,"note":1}\n', 'line 1 has no text in its column "ticket"'],
      ['crm.csv', new Uint8Array([0xff, 0x2c]), 'it is no UTF-8'],
    ]
    for (const [file, text, said] of cases) {
      const reading = read(file, text)
      await expect(reading, said).rejects.toThrow(said)
      await expect(reading, said).rejects.not.toThrow('secret')
    }
  })

  it('that is not there is named with its place, and none is read where the recipe names none', async () => {
    await expect(readJoinedFile(outDir, recipeOf('other.csv', ['plan']))).rejects.toThrow(
      `there is no such file; put it at ${join(outDir, 'joins', 'other.csv')}`,
    )
    expect(await readJoinedFile('/nowhere', parseRecipe({}))).toBeUndefined()
  })
})
