/** Disjoint sets of the numbers below `size`, with path halving. The representative is arbitrary. */
export class DisjointSets {
  readonly #parent: Int32Array

  constructor(size: number) {
    this.#parent = Int32Array.from({ length: size }, (_, i) => i)
  }

  find(member: number): number {
    const parent = this.#parent
    let at = member
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!
      at = parent[at]!
    }
    return at
  }

  union(a: number, b: number): void {
    this.#parent[this.find(a)] = this.find(b)
  }

  /** The sets of two or more. */
  groups(): number[][] {
    const groups = new Map<number, number[]>()
    for (let member = 0; member < this.#parent.length; member++) {
      const root = this.find(member)
      const group = groups.get(root)
      if (group === undefined) groups.set(root, [member])
      else group.push(member)
    }
    return [...groups.values()].filter((group) => group.length > 1)
  }
}
