import { DisjointSets } from './disjoint-sets.js'
import { type DistinctSets, distinct, type ShingleSets } from './distinct-sets.js'
import { BANDS } from './min-hash.js'
import { jaccard } from './shingles.js'

/**
 * In a bucket each set is compared with this many that follow it, so that the time stays in proportion to the number of
 * sets however many share a band. A bucket up to this size is compared pair by pair.
 */
const WINDOW = 200

/** Distinct prompts that one number can name beside its band: 33 million. */
const NODES = 2 ** 25

/** Sets that are remembered while pairs are compared: of shingles, at most 4 MB. */
const REMEMBERED = 1024

/** Up to so many sets every hash of theirs is counted: a million at most. */
const COUNTED = 1024
/** Of more, those that are frequent in a sample of so many. */
const SAMPLED = 128

/** From so many distinct prompts on, what half of them share is a template. Fewer are one document, asked about again. */
export const TEMPLATE_PROMPTS = 10

/** Remembers the sets that were looked at last. */
function remembered(sets: ShingleSets): (place: number) => Int32Array {
  const known = new Map<number, Int32Array>()
  return (place) => {
    const found = known.get(place)
    if (found !== undefined) return found
    if (known.size === REMEMBERED) known.delete(known.keys().next().value!)
    const set = sets.at(place)!
    known.set(place, set)
    return set
  }
}

/** Groups of nodes, which are distinct and in the order of their content, linked by pairs of at least the threshold. */
function link(nodes: DistinctSets, threshold: number): number[][] {
  const read = remembered(nodes)
  const linked = new DisjointSets(nodes.length)
  // 28 bits of the band and 25 of the node in one number: sorted without a comparison that calls back.
  const keys = new Float64Array(nodes.length)
  for (let band = 0; band < BANDS; band++) {
    for (let i = 0; i < keys.length; i++) keys[i] = (nodes.bandOf(i, band) >>> 4) * NODES + i
    keys.sort()
    for (let i = 0; i < keys.length; i++) {
      const bucket = Math.floor(keys[i]! / NODES)
      const a = keys[i]! % NODES
      for (let j = i + 1; j < Math.min(keys.length, i + 1 + WINDOW); j++) {
        if (Math.floor(keys[j]! / NODES) !== bucket) break
        const b = keys[j]! % NODES
        if (linked.find(a) !== linked.find(b) && jaccard(read(a), read(b)) >= threshold) linked.union(a, b)
      }
    }
  }
  return linked.groups()
}

/** Groups of places whose sets are alike, directly or over others, whatever holds them together; single ones in none. */
export function alikeGroups(sets: ShingleSets, threshold: number): number[][] {
  const nodes = distinct(sets)
  return withEqual(link(nodes, threshold), nodes)
}

/** Nodes to places: each group with all of theirs, and those nodes that stand in several places and in no group. */
function withEqual(linked: number[][], nodes: DistinctSets): number[][] {
  const isLinked = new Set(linked.flat())
  const groups = linked.map((group) => group.flatMap((node) => nodes.placesOf(node)))
  for (let node = 0; node < nodes.length; node++) {
    if (isLinked.has(node)) continue
    const places = nodes.placesOf(node)
    if (places.length > 1) groups.push(places)
  }
  return groups
}

/** How many of the sets hold each hash, of those hashes that `isCounted`. */
function countHashes(sets: ShingleSets, isCounted: (hash: number) => boolean): Map<number, number> {
  const counts = new Map<number, number>()
  for (let i = 0; i < sets.length; i++) {
    for (const hash of sets.at(i)!) if (isCounted(hash)) counts.set(hash, (counts.get(hash) ?? 0) + 1)
  }
  return counts
}

/**
 * The hashes that at least half of the sets hold. Of many sets those are counted that a quarter of an even sample of
 * them hold: what half of all hold, a quarter of 128 hold but once in many millions.
 */
function templateOf(sets: ShingleSets): Set<number> {
  let isCounted = (_: number): boolean => true
  if (sets.length > COUNTED) {
    const step = sets.length / SAMPLED
    const sample = countHashes({ length: SAMPLED, at: (i) => sets.at(Math.floor(i * step)) }, () => true)
    isCounted = (hash) => (sample.get(hash) ?? 0) * 4 >= SAMPLED
  }
  const template = new Set<number>()
  for (const [hash, count] of countHashes(sets, isCounted)) if (count * 2 >= sets.length) template.add(hash)
  return template
}

/**
 * Takes a group apart that a template holds together: what differs beside it is compared by itself, be it a document or
 * the name of a product. Only those that hold nothing beside the template are near-duplicates for its sake.
 */
function withoutTemplate(group: number[], nodes: ShingleSets, threshold: number): number[][] {
  if (group.length < TEMPLATE_PROMPTS) return [group]
  const { length } = group
  const template = templateOf({ length, at: (i) => nodes.at(group[i]!) })
  const own = { length, at: (i: number) => nodes.at(group[i]!)!.filter((hash) => !template.has(hash)) }
  const documents = distinct(own)
  const named = (node: number): number[] => documents.placesOf(node).map((i) => group[i]!)
  const linked = link(documents, threshold)
  const isLinked = new Set(linked.flat())
  const isBare = new Set(group)
  const alone: number[][] = []
  for (let node = 0; node < documents.length; node++) {
    const mine = named(node)
    for (const each of mine) isBare.delete(each)
    if (!isLinked.has(node)) alone.push(mine)
  }
  return [[...isBare], ...linked.map((each) => each.flatMap(named)), ...alone].filter((each) => each.length > 1)
}

/**
 * Groups of near-duplicates, as places in the list; each place is in at most one, single ones in none. Sets share a band
 * of their MinHash and then have a Jaccard similarity of at least the threshold, directly or over others. Prompts that
 * a template alone makes alike, shared by at least ten, are compared by what each has of its own. The groups
 * are the same for every order of the list. In memory are some hundred bytes a set; each is read a few times, and nothing is sketched that has been.
 */
export function nearGroups(sets: ShingleSets, threshold: number): number[][] {
  const nodes = distinct(sets)
  const linked = link(nodes, threshold).flatMap((group) => withoutTemplate(group, nodes, threshold))
  return withEqual(linked, nodes)
}
