import { createHash } from 'node:crypto'
import type { About, FileEntry } from './file-entry.js'

/** Bytes on their way to a file. */
export interface FileWriter {
  write(bytes: Uint8Array): Promise<void>
  /** Once; of a file that was written to its end or given up. */
  close(): Promise<void>
}

/** Measures the bytes of a file as they pass. */
export class MeasuredFile {
  readonly #file: FileWriter
  readonly #hash = createHash('sha256')
  #bytes = 0

  constructor(file: FileWriter) {
    this.#file = file
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return
    this.#hash.update(bytes)
    this.#bytes += bytes.length
    await this.#file.write(bytes)
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** The entry of what was written, once. */
  entry(about: About): FileEntry {
    return { ...about, bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }
}

/** Writes to a file and closes it. Of several things that go wrong the first is told. */
export async function writeAndClose<File extends Pick<FileWriter, 'close'>>(
  file: File,
  write: (file: File) => Promise<void>,
): Promise<void> {
  try {
    await write(file)
  } catch (error) {
    await file.close().catch(() => {})
    throw error
  }
  await file.close()
}

/** Writes a file that is made piece by piece. */
export async function writeWhole(
  store: { create(path: string): Promise<FileWriter> },
  about: About,
  pieces: Iterable<Uint8Array>,
): Promise<FileEntry> {
  const file = new MeasuredFile(await store.create(about.path))
  await writeAndClose(file, async () => {
    for (const piece of pieces) await file.write(piece)
  })
  return file.entry(about)
}
