import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type EvaluationIndex, evaluationIndex, type Recipe, sha256 } from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'

/** Folder beside the exports that holds one file for each registered evaluation set. */
const FOLDER = 'evaluation-sets'
const EXTENSION = '.jsonl'

/** Every text of a JSON value. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}

interface Item {
  id?: unknown
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

function itemsOf(bytes: Uint8Array, path: string): string[] {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').split('\n')
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return textsOfLine(JSON.parse(line))
    } catch {
      throw new FlywheelError('invalid_request', `Evaluation set ${path}: line ${index + 1} is no JSON; mend the file`)
    }
  })
}

async function readSet(outDir: string, name: string): Promise<Uint8Array> {
  const path = join(outDir, FOLDER, `${name}${EXTENSION}`)
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

/** An evaluation set as it was read. Plain data: it is sent to threads. */
export interface EvaluationFile {
  name: string
  bytes: Uint8Array
}

/**
 * Reads the evaluation sets that a recipe names from `evaluation-sets/<name>.jsonl` in the folder of exports, once for a
 * whole run: whoever registers a set while one goes on replaces its file.
 * @throws FlywheelError `invalid_request` naming the set that is not there
 */
export async function readEvaluationFiles(outDir: string, { decontaminate }: Recipe): Promise<EvaluationFile[]> {
  return Promise.all(decontaminate.sets.map(async (name) => ({ name, bytes: await readSet(outDir, name) })))
}

/**
 * What rows are held against: each text of a line is an item, and of a line that the target `evaluation` wrote what people
 * asked and the reference. `hashes` are `<name>:<SHA-256 of the file>`, for the export's identity.
 * @throws FlywheelError `invalid_request` naming the line that is no JSON
 */
export function evaluationSets(
  files: readonly EvaluationFile[],
  { decontaminate: { overlap } }: Recipe,
): { index: EvaluationIndex | undefined; hashes: string[] } {
  if (files.length === 0) return { index: undefined, hashes: [] }
  const sets = files.map(({ name, bytes }) => ({ name, items: itemsOf(bytes, `${FOLDER}/${name}.jsonl`) }))
  return {
    index: evaluationIndex(sets, overlap),
    hashes: files.map(({ name, bytes }) => `${name}:${sha256(bytes)}`),
  }
}

/** Whether a line of a registered set is an item that an export wrote of one of these rows. */
function isItemOf(line: string, rowIds: ReadonlySet<string>): boolean {
  try {
    const value: unknown = JSON.parse(line)
    return isItem(value) && typeof value.id === 'string' && rowIds.has(value.id)
  } catch {
    // Whoever exports with it is told which line is no JSON.
    return false
  }
}

async function replace(path: string, text: string): Promise<void> {
  const next = `${path}.next`
  const { mode } = await stat(path)
  const file = await open(next, 'w', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
}

/**
 * Takes the items that exports wrote of these rows out of every registered set; all other lines stay as they are. An item
 * without the id that an export gave it is nobody's that can be known here.
 * @throws FlywheelError `internal` naming a file that holds such items and cannot be written
 */
export async function forgetItems(outDir: string, rowIds: ReadonlySet<string>): Promise<void> {
  if (rowIds.size === 0) return
  const folder = join(outDir, FOLDER)
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((each) => each.endsWith(EXTENSION))) {
    const path = join(folder, name)
    const lines = (await readFile(path, 'utf8')).split('\n')
    const left = lines.filter((line) => !isItemOf(line, rowIds))
    if (left.length === lines.length) continue
    try {
      await replace(path, left.join('\n'))
    } catch (error) {
      await rm(`${path}.next`, { force: true }).catch(() => {})
      const items = lines.length - left.length
      throw new FlywheelError(
        'internal',
        `Evaluation set ${FOLDER}/${name} holds ${items} items of people who were erased or withdrew, and cannot be written (${(error as NodeJS.ErrnoException).code}); let the server write it, or take them out`,
      )
    }
  }
}
