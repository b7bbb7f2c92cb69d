import type { RowSets } from '../row-facts.js'
import { DisjointSets } from './disjoint-sets.js'
import { alikeGroups, TEMPLATE_PROMPTS } from './near-groups.js'

/**
 * Shingles that a row's own part of its system prompt has at least. Each word that differs changes five: eight names
 * and dates in a template are no document.
 */
const MIN_SHINGLES = 40

/** Shingles that are counted at once, some 50 bytes each. Of more, an even sample is. */
const MAX_COUNTED = 2 ** 21

/** What is asked under which system prompt. */
export interface Asked {
  /** The same for rows of one question. */
  question: number
  /** Equal where the shingles are; '' for no system prompt. */
  system_hash: string
  /** Where the shingles of the system prompt are; looked at a few times for each that differs. */
  sets: Pick<RowSets, 'system_shingles'>
}

/** The document that a row has for itself in its system prompt. */
export interface OwnDocument {
  /** The lowest hash of the system prompts that hold nearly the same document. */
  name: string
  /** How long it is, in shingles. */
  shingles: number
}

/** A distinct system prompt, and the questions asked under it. */
interface System {
  sets: Asked['sets']
  /** Shingles. */
  size: number
  questions: Set<number>
}

interface Own {
  question: number
  system: string
  shingles: Int32Array
}

function systemsOf(asked: readonly Asked[]): Map<string, System> {
  const systems = new Map<string, System>()
  const wordless = new Set([''])
  for (const { question, system_hash, sets } of asked) {
    if (wordless.has(system_hash)) continue
    const known = systems.get(system_hash)
    if (known !== undefined) {
      known.questions.add(question)
      continue
    }
    const size = sets.system_shingles.length
    if (size === 0) wordless.add(system_hash)
    else systems.set(system_hash, { sets, size, questions: new Set([question]) })
  }
  return systems
}

/** The even sample of the hashes that is counted: every one, or those that are multiples of a power of two. */
function strideOf(systems: ReadonlyMap<string, System>): number {
  let sum = 0
  for (const { size } of systems.values()) sum += size
  let stride = 1
  while (sum / stride > MAX_COUNTED) stride *= 2
  return stride
}

function count(counts: Map<number, number>, shingles: Int32Array, weight: number): void {
  for (const hash of shingles) counts.set(hash, (counts.get(hash) ?? 0) + weight)
}

/** The part of each system prompt, under each question, that is no template's. */
function ownParts(asked: readonly Asked[], stride: number, systems: ReadonlyMap<string, System>): Own[] {
  const sampled = new Map<string, Int32Array>()
  const askings = new Map<number, number>()
  const byQuestion = new Map<number, string[]>()
  for (const [name, { sets, questions }] of systems) {
    const sample = stride === 1 ? sets.system_shingles : sets.system_shingles.filter((hash) => hash % stride === 0)
    sampled.set(name, sample)
    count(askings, sample, questions.size)
    for (const question of questions) {
      const names = byQuestion.get(question)
      if (names === undefined) byQuestion.set(question, [name])
      else names.push(name)
    }
  }
  const few = Math.min(TEMPLATE_PROMPTS - 1, Math.floor(new Set(asked.map(({ question }) => question)).size / 2))
  const own: Own[] = []
  for (const [question, names] of byQuestion) {
    const limit = Math.max(names.length, few)
    const rare = names.filter((name) => systems.get(name)!.questions.size <= limit)
    if (rare.length === 0) continue
    const here = new Map<number, number>()
    if (names.length > 1) for (const name of names) count(here, sampled.get(name)!, 1)
    for (const system of rare) {
      const shingles = sampled
        .get(system)!
        .filter((hash) => askings.get(hash)! <= limit && (here.get(hash) ?? 0) * 2 <= names.length)
      if (shingles.length * stride >= MIN_SHINGLES) own.push({ question, system, shingles })
    }
  }
  return own
}

/**
 * The document of each row that stands in its system prompt, null where what stands there is a template. A shingle is a
 * template's where
 *
 * - more than half of the different system prompts of its question hold it: the instructions around the documents; or
 * - it is asked under with more questions than its question has system prompts, and with ten or more, or with more than
 *   half of all: documents are asked the same of, a product's system prompt is asked everything.
 *
 * What is left is a document where it has at least 40 shingles, and two are the same one where their Jaccard similarity
 * is at least the threshold: the name and the date of a template are no document. It only ever tells rows apart that are
 * alike otherwise, so that whoever errs here on the side of a template has what there was without it. The same for every
 * order of the rows.
 */
export function ownDocuments(asked: readonly Asked[], threshold: number): (OwnDocument | null)[] {
  const systems = systemsOf(asked)
  const stride = strideOf(systems)
  const own = ownParts(asked, stride, systems)
  const alike = new DisjointSets(own.length)
  const parts = own.map(({ shingles }) => shingles)
  for (const group of alikeGroups(parts, threshold)) for (const place of group) alike.union(place, group[0]!)
  const places = new Map<string, number>()
  const names = new Map<number, string>()
  own.forEach(({ system }, place) => {
    alike.union(place, places.get(system) ?? place)
    places.set(system, place)
  })
  own.forEach(({ system }, place) => {
    const root = alike.find(place)
    const known = names.get(root)
    if (known === undefined || system < known) names.set(root, system)
  })
  const documents = new Map<string, OwnDocument>()
  own.forEach(({ question, system, shingles }, place) => {
    documents.set(`${question} ${system}`, {
      name: names.get(alike.find(place))!,
      shingles: shingles.length * stride,
    })
  })
  return asked.map(({ question, system_hash }) => documents.get(`${question} ${system_hash}`) ?? null)
}
