import type { Facts } from '../facts.js'
import { DisjointSets } from '../near/disjoint-sets.js'
import { type OwnDocument, ownDocuments } from '../near/own-documents.js'
import { sha256 } from '../text/canonical-json.js'
import type { Ports } from './gate.js'

/**
 * How many times longer than what is asked a document is that tells two rows apart. What a user pasted under a system
 * prompt that holds their profile is still what another pasted under theirs: they must not be on two sides of the split.
 */
const OUTWEIGHS = 4

function clusterOf(question: string, system: string): string {
  return sha256(`${question}\n${system}`)
}

/** Rows of one question: nearly the same prompt beside the system prompt, or the same first user turn, or over others. */
function questionsOf(rows: readonly Facts[], groups: readonly number[][]): number[] {
  const alike = new DisjointSets(rows.length)
  for (const group of groups) for (const place of group) alike.union(place, group[0]!)
  const first = new Map<string, number>()
  rows.forEach(({ prompt_cluster }, place) => {
    const known = first.get(prompt_cluster)
    if (known === undefined) first.set(prompt_cluster, place)
    else alike.union(place, known)
  })
  return rows.map((_, place) => alike.find(place))
}

/** Whether a document of so many shingles is what a row is about, rather than what is said beside it. */
function outweighs(document: OwnDocument | null, shingles: number): document is OwnDocument {
  return document !== null && document.shingles >= OUTWEIGHS * shingles
}

/**
 * Tells rows of one first user turn apart by the documents that stand in their system prompts (see `ownDocuments`), in
 * `prompt_cluster`, by which the caps count, and in the members, by which the split joins:
 *
 * - each row has the hash of its first turn with its whole system prompt, which nothing later changes;
 * - where no row of a first turn has a document, and where an earlier export has assigned the turn as a whole, its rows
 *   have the turn: what was joined is never taken apart, so that a row whose evidence is gone still holds its side;
 * - where some have, each is joined to whatever else was asked of the same document, and the others, which have none,
 *   to each other.
 *
 * Which of the last two it is depends on the set. What an earlier export held apart and this one joins is a component
 * that two splits meet in: the split keeps what was held out and drops what would cross.
 *
 * @param groups places of rows of nearly the same prompt beside the system prompt
 * @returns the groups without those that differ in their documents
 */
export function tellDocumentsApart(
  rows: readonly Facts[],
  groups: readonly number[][],
  threshold: number,
  ports: Ports,
): number[][] {
  const questions = questionsOf(rows, groups)
  const found = ownDocuments(
    rows.map(({ system_hash, sets }, i) => ({ question: questions[i]!, system_hash, sets })),
    threshold,
  )
  const documentOf = (place: number, shingles: number): OwnDocument | null => {
    const document = found[place]!
    return outweighs(document, shingles) ? document : null
  }
  const documents = rows.map(({ question_shingles }, place) => documentOf(place, question_shingles))
  const apart = new Set(rows.filter((_, i) => documents[i] !== null).map(({ prompt_cluster }) => prompt_cluster))
  rows.forEach((facts, place) => {
    const { prompt_cluster: turn, system_hash } = facts
    const document = documents[place]!
    const isAssigned = ports.assigned?.(ports.rowId([`cluster:${turn}`])) !== undefined
    const members = new Set(facts.members)
    if (system_hash !== '') members.add(`cluster:${clusterOf(turn, system_hash)}`)
    if (apart.has(turn)) {
      if (!isAssigned) members.delete(`cluster:${turn}`)
      facts.prompt_cluster = clusterOf(turn, document?.name ?? '')
      if (document === null) members.add(`cluster:${facts.prompt_cluster}`)
    }
    if (document !== null) members.add(`document:${system_hash}`).add(`document:${document.name}`)
    facts.members = [...members].sort()
  })
  return groups.flatMap((group) => {
    const parts = new Map<string, number[]>()
    for (const place of group) {
      const name = documentOf(place, rows[place]!.prompt_shingles)?.name ?? ''
      const part = parts.get(name)
      if (part === undefined) parts.set(name, [place])
      else part.push(place)
    }
    return [...parts.values()].filter((part) => part.length > 1)
  })
}
