import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EvaluationIndex, evaluationIndex, type Recipe, sha256 } from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'

/** Folder beside the exports that holds one file for each registered evaluation set. */
const FOLDER = 'evaluation-sets'

/** Every text of a JSON value. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}

interface Item {
  input: { role?: unknown; content?: unknown }[]
  target?: unknown
}

function isItem(value: unknown): value is Item {
  const { input } = (value ?? {}) as Partial<Item>
  return Array.isArray(input) && input.every((message) => typeof message === 'object' && message !== null)
}

/**
 * Of an item that an export wrote: what people asked, and the reference. Its system prompt stands in every row of its
 * surface, its earlier answers in every row of the conversation, and what it is called in none.
 */
function textsOfLine(value: unknown): string[] {
  if (!isItem(value)) return textsOf(value)
  const asked = value.input.flatMap(({ role, content }) => (role === 'user' ? textsOf(content) : []))
  return [...asked, ...textsOf(value.target)]
}

function itemsOf(bytes: Buffer, path: string): string[] {
  const lines = bytes.toString('utf8').split('\n')
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return textsOfLine(JSON.parse(line))
    } catch {
      throw new FlywheelError('invalid_request', `Evaluation set ${path}: line ${index + 1} is no JSON; mend the file`)
    }
  })
}

async function readSet(outDir: string, name: string): Promise<Buffer> {
  const path = join(outDir, FOLDER, `${name}.jsonl`)
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new FlywheelError(
      'invalid_request',
      `recipe: decontaminate.sets: there is no evaluation set "${name}"; put its items, one JSON value a line, in ${path}`,
    )
  }
}

/**
 * Reads the evaluation sets that a recipe names from `evaluation-sets/<name>.jsonl` in the folder of exports: each text
 * of a line is an item, and of a line that the target `evaluation` wrote what people asked and the reference. `hashes` are `<name>:<SHA-256 of the file>`, for the export's identity.
 * @throws FlywheelError `invalid_request` naming the set that is not there or the line that is no JSON
 */
export async function readEvaluationSets(
  outDir: string,
  { decontaminate: { sets, overlap } }: Recipe,
): Promise<{ index: EvaluationIndex | undefined; hashes: string[] }> {
  if (sets.length === 0) return { index: undefined, hashes: [] }
  const read = await Promise.all(
    sets.map(async (name) => {
      const bytes = await readSet(outDir, name)
      return { name, hash: `${name}:${sha256(bytes)}`, items: itemsOf(bytes, `${FOLDER}/${name}.jsonl`) }
    }),
  )
  return { index: evaluationIndex(read, overlap), hashes: read.map(({ hash }) => hash) }
}
