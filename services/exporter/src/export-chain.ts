import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ChainRow, type Delta, type Recipe, recipeHash } from '@flywheel/curation'
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

/** A file of JSON lines beside the shards. */
export interface MetaFile {
  path: string
  lines: readonly object[]
}

/** What the next export of the chain reads, and what this one says of those before it. */
export function chainFiles({ chain, supersedes }: Pick<Delta, 'chain' | 'supersedes'>, isFirst: boolean): MetaFile[] {
  return [{ path: CHAIN, lines: chain }, ...(isFirst ? [] : [{ path: 'meta/supersedes.jsonl', lines: supersedes }])]
}
