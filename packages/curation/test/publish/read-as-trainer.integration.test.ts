import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, type TestContext } from 'vitest'
import { type CuratedRow, datasetCard, inputsOf, manifestFile, recipeSchema } from '../../src/index.js'
import { pythonWithDatasets } from '../formats/python-datasets.js'
import { calls, exampleRows, refundTool, rowOf, says, setOf, user } from '../formats/rows.js'
import { manifestOf, renderShards } from '../rendered.js'
import { Story } from '../support.js'

const SCRIPT = fileURLToPath(new URL('../../../../examples/train-dpo/read_export.py', import.meta.url))
const AT = '2026-01-05T09:00:00.000Z'

const found = pythonWithDatasets()
const root = mkdtempSync(join(tmpdir(), 'flywheel-read-as-trainer-'))
afterAll(() => rmSync(root, { recursive: true }))
const env = { ...process.env, HF_HOME: join(root, 'cache'), HF_HUB_OFFLINE: '1', PYTHONDONTWRITEBYTECODE: '1' }

/** Rows with and without tools, whose calls differ in their keys, in both splits. */
function rows(): CuratedRow[] {
  const differing = [{ order: 7, why: 'late' }, { order: 'seven' }, {}].map((args, n) =>
    rowOf({
      shape: 'preference',
      prompt: [user(`Refund ${n}?`)],
      tools: [refundTool],
      chosen: calls(args),
      rejected: says('No.'),
    }),
  )
  const held = rowOf(
    { shape: 'preference', prompt: [user('Held out?')], chosen: says('Yes.'), rejected: says('No.') },
    { split: 'validation' },
  )
  return [...exampleRows(), ...differing, held]
}

/** Writes an export as the exporter lays it out, its last file the manifest, and gives its folder. */
async function publish(name: string): Promise<string> {
  const folder = join(root, name)
  const recipe = recipeSchema.parse({ shard_rows: 3 })
  const set = setOf(rows())
  const { files, layouts } = await renderShards(set, recipe)
  const identity = { watermark: AT, cutoff: AT, inputs: inputsOf(new Story().evidence()), recipe, parent: null }
  const manifest = manifestOf('e'.repeat(64), identity, set, files, layouts)
  const { path, text } = manifestFile(manifest)
  const others = [
    { path: 'README.md', bytes: datasetCard(manifest, layouts) },
    { path, bytes: text },
  ]
  for (const file of [...files, ...others]) {
    mkdirSync(dirname(join(folder, file.path)), { recursive: true })
    writeFileSync(join(folder, file.path), file.bytes)
  }
  return folder
}

function pythonOf(context: TestContext): string {
  if (!('missing' in found)) return found.python
  if (process.env['CI']) throw new Error(found.missing)
  return context.skip(found.missing)
}

type Row = Record<string, unknown>
const jsonLines = (text: string): Row[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)

/** Rows of the first shard of the pairs of train as captured: the JSON lines with arguments as objects. */
function captured(folder: string): Row[] {
  const text = readFileSync(join(folder, 'preference/train-00000-of-00002.jsonl'), 'utf8')
  return jsonLines(text).map(
    (row) =>
      JSON.parse(JSON.stringify(row), (key, value: unknown) =>
        key === 'arguments' && typeof value === 'string' ? (JSON.parse(value) as unknown) : value,
      ) as Row,
  )
}

function read(
  python: string,
  folder: string,
  format: string,
): { status: number | null; said: string; refused: string } {
  const { status, stdout, stderr } = spawnSync(python, [SCRIPT, folder, '--format', format], { env, encoding: 'utf8' })
  return { status, said: stdout, refused: stderr }
}

describe('examples/train-dpo/read_export.py', () => {
  it.for(['parquet', 'jsonl'])(
    'reads an export as what was captured, its calls as objects: %s',
    async (format, context) => {
      const folder = await publish(`read-${format}`)
      const { said, refused } = read(pythonOf(context), folder, format)
      expect(refused).toBe('')
      const lines = said.trimEnd().split('\n')
      expect(lines[0]).toMatch(/^export e{64}: \d+ files are what the manifest says$/)
      expect(lines.filter((line) => /^\w+ (train|validation): /.test(line))).toEqual([
        'preference train: 6 rows (edit.final 6)',
        'preference validation: 1 rows (edit.final 1)',
        'unpaired train: 2 rows (edit.final 2)',
        'supervised train: 2 rows (edit.final 2)',
      ])
      expect(JSON.parse(lines[3]!)).toEqual(captured(folder)[0])
    },
  )

  const SHARD = 'preference/train-00000-of-00002.jsonl'
  it.for([
    ['a shard with another word', SHARD, (text: string) => text.replace('Monday', 'Tuesday'), 'has other bytes'],
    ['a shard that is cut', SHARD, (text: string) => text.slice(0, text.indexOf('\n') + 1), 'has other bytes'],
    [
      'a manifest with another count',
      'manifest',
      (text: string) => text.replace('"rows":3', '"rows":2'),
      'does not hold',
    ],
  ] as const)('refuses %s', async ([name, file, change, words], context) => {
    const folder = await publish(name)
    const path = join(folder, file === 'manifest' ? readdirSync(folder).find((each) => each.startsWith(file))! : file)
    const text = readFileSync(path, 'utf8')
    expect(change(text)).not.toBe(text)
    writeFileSync(path, change(text))
    const { status, refused } = read(pythonOf(context), folder, 'jsonl')
    expect(refused).toContain(words)
    expect(status).toBe(1)
  })
})

it('the lines of the card make each row what was captured, in a dataset that SFTTrainer takes', async (context) => {
  const folder = await publish('card')
  const lines = /^```python\n([\s\S]*?)^```/m.exec(readFileSync(join(folder, 'README.md'), 'utf8'))?.[1]
  const program = [
    'from datasets import load_dataset',
    'dataset = load_dataset("parquet", data_files="preference/train-00000-of-00002.parquet", split="train")',
    lines,
    'for row in dataset: print(json.dumps(row))',
    // TRL 1.16 refuses a dataset with a transform.
    'print(json.dumps({"format": dataset.format["type"]}))',
  ].join('\n')
  const said = execFileSync(pythonOf(context), ['-'], {
    input: program,
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  expect(jsonLines(said)).toEqual([...captured(folder), { format: null }])
})
