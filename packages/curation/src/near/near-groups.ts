import { DisjointSets } from './disjoint-sets.js'
import { BANDS, bandHashes, minHash, PERMUTATIONS } from './min-hash.js'
import { jaccard } from './shingles.js'

/**
 * In a bucket each set is compared with this many that follow it, so that the time stays in proportion to the number of
 * sets however many share a band. A bucket up to this size is compared pair by pair.
 */
const WINDOW = 200

/** Distinct prompts that one number can name beside its band: 33 million. */
const NODES = 2 ** 25

/** From so many distinct prompts on, what half of them share is a template. Fewer are one document, asked about again. */
export const TEMPLATE_PROMPTS = 10

function compareSets(a: Int32Array, b: Int32Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

/** Distinct non-empty sets in the order of their content, each with the places it came from. */
function distinct(sets: readonly Int32Array[]): { nodes: Int32Array[]; places: number[][] } {
  const order = sets.map((_, i) => i).filter((i) => sets[i]!.length > 0)
  order.sort((a, b) => compareSets(sets[a]!, sets[b]!))
  const nodes: Int32Array[] = []
  const places: number[][] = []
  for (const i of order) {
    const last = nodes.at(-1)
    if (last !== undefined && compareSets(last, sets[i]!) === 0) places.at(-1)!.push(i)
    else {
      nodes.push(sets[i]!)
      places.push([i])
    }
  }
  return { nodes, places }
}

function bandsOf(nodes: readonly Int32Array[]): Int32Array {
  const bands = new Int32Array(nodes.length * BANDS)
  const sketch = new Int32Array(PERMUTATIONS)
  nodes.forEach((node, i) => {
    minHash(node, sketch)
    bandHashes(sketch, bands, i * BANDS)
  })
  return bands
}

/** Groups of nodes, which are distinct and in the order of their content, linked by pairs of at least the threshold. */
function link(nodes: readonly Int32Array[], threshold: number): number[][] {
  const bands = bandsOf(nodes)
  const linked = new DisjointSets(nodes.length)
  // 28 bits of the band and 25 of the node in one number: sorted without a comparison that calls back.
  const keys = new Float64Array(nodes.length)
  for (let band = 0; band < BANDS; band++) {
    for (let i = 0; i < keys.length; i++) keys[i] = (bands[i * BANDS + band]! >>> 4) * NODES + i
    keys.sort()
    for (let i = 0; i < keys.length; i++) {
      const bucket = Math.floor(keys[i]! / NODES)
      const a = keys[i]! % NODES
      for (let j = i + 1; j < Math.min(keys.length, i + 1 + WINDOW); j++) {
        if (Math.floor(keys[j]! / NODES) !== bucket) break
        const b = keys[j]! % NODES
        if (linked.find(a) !== linked.find(b) && jaccard(nodes[a]!, nodes[b]!) >= threshold) linked.union(a, b)
      }
    }
  }
  return linked.groups()
}

/** Groups of places whose sets are alike, directly or over others, whatever holds them together; single ones in none. */
export function alikeGroups(sets: readonly Int32Array[], threshold: number): number[][] {
  const { nodes, places } = distinct(sets)
  return withEqual(link(nodes, threshold), places)
}

/** Nodes to places: each group with all of theirs, and those nodes that stand in several places and in no group. */
function withEqual(linked: number[][], places: readonly number[][]): number[][] {
  const isLinked = new Set(linked.flat())
  const same = places.map((_, i) => i).filter((i) => !isLinked.has(i) && places[i]!.length > 1)
  return [...linked, ...same.map((i) => [i])].map((group) => group.flatMap((i) => places[i]!))
}

/**
 * Takes a group apart that a template holds together: what differs beside it is compared by itself, be it a document or
 * the name of a product. Only those that hold nothing beside the template are near-duplicates for its sake.
 */
function withoutTemplate(group: number[], nodes: readonly Int32Array[], threshold: number): number[][] {
  if (group.length < TEMPLATE_PROMPTS) return [group]
  const counts = new Map<number, number>()
  for (const node of group) for (const hash of nodes[node]!) counts.set(hash, (counts.get(hash) ?? 0) + 1)
  const own = group.map((node) => nodes[node]!.filter((hash) => counts.get(hash)! * 2 < group.length))
  const bare = group.filter((_, i) => own[i]!.length === 0)
  const { nodes: documents, places } = distinct(own)
  const named = (list: number[]): number[] => list.flatMap((i) => places[i]!).map((i) => group[i]!)
  const linked = link(documents, threshold)
  const isLinked = new Set(linked.flat())
  const alone = documents.map((_, i) => i).filter((i) => !isLinked.has(i))
  return [bare, ...linked.map(named), ...alone.map((i) => named([i]))].filter((each) => each.length > 1)
}

/**
 * Groups of near-duplicates, as places in the list; each place is in at most one, single ones in none. Sets share a band
 * of their MinHash and then have a Jaccard similarity of at least the threshold, directly or over others. Prompts that
 * a template alone makes alike, shared by at least ten, are compared by what each has of its own. The groups
 * are the same for every order of the list.
 */
export function nearGroups(sets: readonly Int32Array[], threshold: number): number[][] {
  const { nodes, places } = distinct(sets)
  const linked = link(nodes, threshold).flatMap((group) => withoutTemplate(group, nodes, threshold))
  return withEqual(linked, places)
}
