import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Manifest, sha256 } from '@flywheel/curation'
import { CliError, EXIT } from '../exit.js'

/** What a resampled set, which no gate judged, says by its parent alone. */
type Judged = Pick<Manifest, 'funnel' | 'contamination' | 'consent'>

/** The manifest of a published set; that of an erasure export says what left it. */
export type AnyManifest = Omit<Manifest, 'kind' | keyof Judged> &
  Partial<Judged> & {
    kind: Manifest['kind'] | 'erasure' | 'resampled'
    erased?: { rows: Record<string, number> }
  }

/** A published set in a folder, wherever it was copied to. */
export interface PublishedSet {
  dir: string
  manifest: AnyManifest
}

const MANIFEST = /^manifest-([0-9a-f]{64})\.json$/

/**
 * Opens the folder of a published set.
 * @throws CliError where it holds no manifest, or one that was changed after it was published
 */
export async function openSet(dir: string): Promise<PublishedSet> {
  const names = await readdir(dir).catch((cause: unknown) => {
    throw new CliError(EXIT.notFound, `${dir} cannot be read; name an export by its id, or give its folder`, { cause })
  })
  const name = names.find((each) => MANIFEST.test(each))
  if (name === undefined) {
    throw new CliError(EXIT.notFound, `${dir} holds no manifest-….json; give the folder of one export, with its files`)
  }
  const text = await readFile(join(dir, name), 'utf8')
  if (`manifest-${sha256(text)}.json` !== name) {
    throw new CliError(EXIT.failed, `${join(dir, name)} is not what its name says; copy the export once more`)
  }
  return { dir, manifest: JSON.parse(text) as AnyManifest }
}

/** The id of the erasure export that took the place of the export in a folder; null where it stands. */
export async function supersededBy(dir: string): Promise<string | null> {
  const text = await readFile(join(dir, 'superseded-by.json'), 'utf8').catch(() => null)
  return text === null ? null : (JSON.parse(text) as { export_id: string }).export_id
}

/**
 * Refuses a folder whose rows were removed because an erasure export took its place.
 * @throws CliError naming that export
 */
export async function refuseSuperseded({ dir, manifest }: PublishedSet): Promise<void> {
  const export_id = await supersededBy(dir)
  if (export_id === null) return
  throw new CliError(
    EXIT.failed,
    `Rows of ${manifest.export_id} were erased or withdrawn and its files are no more; compare with ${export_id}, which has its place and lists in meta/erased.jsonl what left`,
  )
}

/** The lines of a JSON lines file beside the shards, one at a time; none where the set has no such file. */
export async function* metaLines<Line>(dir: string, path: string): AsyncGenerator<Line> {
  const file = join(dir, path)
  if ((await stat(file).catch(() => null)) === null) return
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') yield JSON.parse(line) as Line
  }
}
