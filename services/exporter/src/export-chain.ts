import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bodiesNeeded,
  type ChainRow,
  type CuratedSet,
  type Delta,
  deltaOf,
  type Evidence,
  jsonLines,
  type Ports,
  type Recipe,
  recipeHash,
  type ShardFile,
  sha256,
} from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { readPublished } from './publish.js'

const CHAIN = 'meta/chain.jsonl'

/**
 * What the chain of a recipe has given out up to an export: empty where the export is of another recipe, whose splits
 * alone are kept. @throws FlywheelError `not_found` where the export is not whole
 */
export async function readChain(
  outDir: string,
  parent: string | undefined,
  recipe: Recipe,
): Promise<{ isFirst: boolean; rows: ChainRow[] }> {
  if (parent === undefined) return { isFirst: true, rows: [] }
  const published = await readPublished(join(outDir, parent))
  if (published === null) {
    throw new FlywheelError('not_found', `The parent export ${parent} is not whole in ${outDir}; name another or none`)
  }
  const { manifest } = published
  const isOfChain = manifest.recipe_hash === recipeHash(recipe) && manifest.files.some(({ path }) => path === CHAIN)
  if (!isOfChain) return { isFirst: true, rows: [] }
  const text = await readFile(join(outDir, parent, CHAIN), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  return { isFirst: false, rows: lines.map((line) => JSON.parse(line) as ChainRow) }
}

/** Compares a set with its chain; what the snapshot no longer holds with its texts supersedes nothing. */
export function compareWithChain(
  set: CuratedSet,
  before: readonly ChainRow[],
  evidence: Evidence,
  recipe: Recipe,
  ports: Ports,
): Delta {
  const bodies = new Map(evidence.bodies.map((body) => [body.id, body]))
  const asked = new Set(bodiesNeeded(evidence, recipe))
  const readable = new Set<string>()
  const ids = new Set<string>()
  for (const { id } of evidence.interactions) {
    ids.add(id)
    const body = bodies.get(id)
    const hasExpired = asked.has(id) && (body === undefined || (body.messages === '' && body.outputs === ''))
    if (!hasExpired) readable.add(ports.rowId([id]))
  }
  return deltaOf(
    set,
    before,
    ({ event_ids }) =>
      event_ids
        .filter((id) => ids.has(id))
        .map((id) => ports.rowId([id]))
        .sort(),
    (answer) => readable.has(answer),
  )
}

function metaFile(path: string, lines: readonly object[]): ShardFile {
  const bytes = jsonLines(lines)
  const about = { target: '', shape: 'meta', split: '', format: 'jsonl' } as const
  return { ...about, path, rows: lines.length, bytes, sha256: sha256(bytes) }
}

/** What the next export of the chain reads, and what this one says of those before it. */
export function chainFiles({ chain, supersedes }: Delta, isFirst: boolean): ShardFile[] {
  return [metaFile(CHAIN, chain), ...(isFirst ? [] : [metaFile('meta/supersedes.jsonl', supersedes)])]
}
