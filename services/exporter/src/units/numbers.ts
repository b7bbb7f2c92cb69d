/** A list of numbers of eight bytes each. */
export class Numbers {
  #list = new Float64Array(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#list.length) {
      const larger = new Float64Array(this.#length * 2)
      larger.set(this.#list)
      this.#list = larger
    }
    this.#list[this.#length++] = value
  }

  at(place: number): number {
    if (place >= this.#length) throw new RangeError(`no number at ${place}`)
    return this.#list[place]!
  }
}
