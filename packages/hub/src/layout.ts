import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FlywheelError } from '@flywheel/schema'

/** One file as it will stand in the repository. */
export interface HubFile {
  /** In the repository. */
  path: string
  /** On this machine. */
  from: string
  bytes: number
  /** The address under which Git LFS keeps it. */
  sha256: string
  /** The address under which git keeps it, in hexadecimal. */
  blob_sha1: string
}

/** What of an export goes to the Hub. */
export interface HubLayout {
  export_id: string
  files: HubFile[]
}

const FOLDER = 'hub/'
const CARD = 'README.md'

interface Manifest {
  export_id: string
  files: { path: string; sha256: string }[]
}

async function hashed(from: string, path: string): Promise<HubFile> {
  const { size: bytes } = await stat(from)
  const sha256 = createHash('sha256')
  // As git names a blob: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
  const sha1 = createHash('sha1').update(`blob ${bytes}\0`)
  for await (const chunk of createReadStream(from) as AsyncIterable<Buffer>) {
    sha256.update(chunk)
    sha1.update(chunk)
  }
  return { path, from, bytes, sha256: sha256.digest('hex'), blob_sha1: sha1.digest('hex') }
}

async function manifestIn(folder: string): Promise<Manifest> {
  const names = await readdir(folder).catch((): string[] => [])
  const name = names.find((each) => /^manifest-[0-9a-f]{64}\.json$/.test(each))
  if (name === undefined)
    throw new FlywheelError(
      'not_found',
      `${folder} is no folder of an export on this machine; name one, or run it where it is`,
    )
  if (names.includes('superseded-by.json')) {
    const { export_id } = JSON.parse(await readFile(join(folder, 'superseded-by.json'), 'utf8')) as Manifest
    throw new FlywheelError('not_found', `The export in ${folder} was replaced by ${export_id}; push that one`)
  }
  const text = await readFile(join(folder, name), 'utf8')
  if (name !== `manifest-${createHash('sha256').update(text).digest('hex')}.json`)
    throw new FlywheelError('internal', `${join(folder, name)} is not what was published; run the export again`)
  return JSON.parse(text) as Manifest
}

/**
 * The Hub's layout of an export, each file as its manifest says, and the export's own card beside it.
 * @throws FlywheelError `not_found` where there is no such export or it was written for other targets, `internal` where a
 * file is not what was published
 */
export async function readLayout(folder: string): Promise<HubLayout> {
  const { export_id, files } = await manifestIn(folder)
  const own = files.filter(({ path }) => path.startsWith(FOLDER))
  if (own.length === 0)
    throw new FlywheelError(
      'not_found',
      `Export ${export_id} has no files for the Hub; make one with flywheel export run --target hub`,
    )
  const read: HubFile[] = []
  for (const { path, sha256 } of own) {
    const file = await hashed(join(folder, path), path.slice(FOLDER.length)).catch(() => null)
    if (file?.sha256 !== sha256)
      throw new FlywheelError(
        'internal',
        `${path} of export ${export_id} is not what was published; run the export again`,
      )
    read.push(file)
  }
  read.push(await hashed(join(folder, CARD), `export/${CARD}`))
  return { export_id, files: read }
}
