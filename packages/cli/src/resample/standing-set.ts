import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openSet } from '../diff/published-set.js'
import { CliError, EXIT } from '../exit.js'
import type { ResampledManifest } from './manifest.js'

/** Says beside samples how they were taken. */
export const SETTINGS = 'sampling.json'

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => null)) !== null

/** Pairs of a set that were asked for and have no answer: another run may get one. */
export function unansweredOf({ dropped }: Pick<ResampledManifest['sampling'], 'dropped'>): number {
  return (dropped['no_answer'] ?? 0) + (dropped['refused_by_endpoint'] ?? 0)
}

/**
 * What stands where a set is to be written: nothing, or the set of the same export that an earlier run wrote without an
 * answer to every pair and whose samples are kept beside it. That one is taken up again.
 * @param folder holds the samples
 * @returns how many pairs the standing set asked for; 0 where there is none
 * @throws CliError for anything else that is there
 */
export async function standingSet(out: string, folder: string, parent: string): Promise<number> {
  if (!(await isThere(out))) return 0
  const set = (await isThere(join(folder, SETTINGS))) ? await openSet(out).catch(() => null) : null
  const manifest = set?.manifest as unknown as ResampledManifest | undefined
  if (manifest?.kind === 'resampled' && manifest.parent === parent) return manifest.sampling.asked
  throw new CliError(EXIT.usage, `${out} is there already; name another --out, or remove it`)
}

/**
 * Puts a set in the place of the one that stands there, if any. Killed in between, the same command writes it again from
 * the samples in `folder`.
 */
export async function putInPlace(root: string, out: string, folder: string): Promise<void> {
  const before = join(folder, 'set-before')
  await rm(before, { recursive: true, force: true })
  if (await isThere(out)) await rename(out, before)
  await rename(root, out)
  await rm(before, { recursive: true, force: true })
}
