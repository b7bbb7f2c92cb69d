import type { Facts, RowTexts } from '@flywheel/curation'
import { Numbers } from './numbers.js'
import { SpillFile } from './spill-file.js'

/** Texts of rows on a disk: of each row only a number stays in memory. */
export class RowSpill {
  readonly #file: SpillFile
  readonly #ends = new Numbers()

  /** @param path of a new file; whoever owns the folder removes it */
  constructor(path: string) {
    this.#file = new SpillFile(path)
  }

  /**
   * Writes texts one after the other.
   * @returns the place of the first, which the others follow
   */
  add(texts: Uint8Array, ends: readonly number[]): number {
    const from = this.#file.length
    const first = this.#ends.length
    this.#file.append(texts)
    for (const end of ends) this.#ends.push(from + end)
    return first
  }

  read({ place }: Pick<Facts, 'place'>): RowTexts {
    if (place === undefined) throw new Error('facts of a row that was not spilled')
    const start = place === 0 ? 0 : this.#ends.at(place - 1)
    return JSON.parse(this.#file.read(start, this.#ends.at(place)).toString('utf8')) as RowTexts
  }

  close(): void {
    this.#file.close()
  }
}
