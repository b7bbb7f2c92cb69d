/** How often each feature stands on a side that was chosen, and on one that was not, in each fold. */
export class FeatureCounts {
  readonly #folds: number
  readonly #places = new Map<number, number>()
  #counts = new Int32Array(1024)

  constructor(folds: number) {
    this.#folds = folds
  }

  /** @param side 0 for the chosen one, 1 for the other */
  add(features: Int32Array, fold: number, side: 0 | 1): void {
    for (const feature of features) {
      const at = this.#placeOf(feature) + 2 * fold + side
      this.#counts[at] = this.#counts[at]! + 1
    }
  }

  #placeOf(feature: number): number {
    const known = this.#places.get(feature)
    if (known !== undefined) return known
    const width = 2 * this.#folds
    const place = this.#places.size * width
    this.#places.set(feature, place)
    if (place + width > this.#counts.length) {
      const larger = new Int32Array(this.#counts.length * 2)
      larger.set(this.#counts)
      this.#counts = larger
    }
    return place
  }

  /** Log-odds of being chosen by what the other folds say (naive Bayes; one more of each, so that none decides alone). */
  score(features: Int32Array, held: number): number {
    let odds = 0
    for (const feature of features) {
      const place = this.#places.get(feature)
      let chosen = 0
      let rejected = 0
      for (let fold = 0; place !== undefined && fold < this.#folds; fold++) {
        if (fold === held) continue
        chosen += this.#counts[place + 2 * fold]!
        rejected += this.#counts[place + 2 * fold + 1]!
      }
      odds += Math.log((chosen + 1) / (rejected + 1))
    }
    return odds
  }
}
