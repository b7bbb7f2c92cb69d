type List = Float64Array | Int32Array

/** A list of numbers in one piece of memory. */
export class Numbers {
  #list: List
  #length = 0

  /** @param Kind of the numbers: of eight bytes each, or whole ones of four */
  constructor(Kind: new (length: number) => List = Float64Array) {
    this.#list = new Kind(1024)
  }

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#list.length) {
      const larger = new (this.#list.constructor as new (length: number) => List)(this.#length * 2)
      larger.set(this.#list)
      this.#list = larger
    }
    this.#list[this.#length++] = value
  }

  at(place: number): number {
    if (place >= this.#length) throw new RangeError(`no number at ${place}`)
    return this.#list[place]!
  }

  /** Of a number that is there, or the next one. */
  set(place: number, value: number): void {
    if (place === this.#length) this.push(value)
    else if (place < this.#length) this.#list[place] = value
    else throw new RangeError(`no number at ${place}`)
  }
}
