import { createRedactText, type DetectorName } from '@flywheel/redaction'
import { authorOf, type FeedbackState } from '../evidence/feedback-state.js'
import { rankedDetectors, withoutNumbers } from '../prompt/placeholders.js'
import type { Recipe } from '../recipe.js'
import { sha256 } from '../text/canonical-json.js'
import { comparable, normaliseText } from '../text/normalise.js'
import { withoutBlankEnds } from './white-space.js'

const MAX_LAST_LINES = 6
const MAX_FIRST_LINES = 2
const MAX_BLOCK_CHARS = 400
const KIND = /\[[A-Z][A-Z0-9_]*\]/g

/** Lines at one end of a text, and where the text goes on without them. */
interface Block {
  /** What they are called in a book: by their words and the kinds of their placeholders. */
  readonly key: string
  /** The same with the numbers of the placeholders. */
  readonly numbered: string
  readonly start: number
  readonly end: number
}

/** Blocks of authors that are signatures or greetings, as hashes; no text is held. */
export type SignatureBook = ReadonlyMap<string, ReadonlySet<string>>
/** What is asked of a book: an author's. */
export type Signatures = Pick<SignatureBook, 'get'>

interface Line {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** The first or last lines with anything on them. Looks at no more of a text than it needs. */
function linesAt(text: string, side: 'first' | 'last', most: number): Line[] {
  const lines: Line[] = []
  let at = side === 'first' ? 0 : text.length
  while (lines.length < most && (side === 'first' ? at < text.length : at > 0)) {
    const feed = side === 'first' ? text.indexOf('\n', at) : text.lastIndexOf('\n', at - 1)
    const start = side === 'first' ? at : feed + 1
    const end = side === 'first' ? (feed === -1 ? text.length : feed) : at
    const line = text.slice(start, Math.min(end, start + MAX_BLOCK_CHARS + 1)).trim()
    if (line !== '') lines.push({ text: line, start, end })
    at = side === 'first' ? end + 1 : feed
  }
  return lines
}

function hashOf(side: string, block: string): string {
  return sha256(`${side}\n${block}`).slice(0, 16)
}

/** Every block at one end that leaves a line, the shortest first. */
function blocksOf(text: string, side: 'first' | 'last'): Block[] {
  const most = side === 'first' ? MAX_FIRST_LINES : MAX_LAST_LINES
  const lines = linesAt(text, side, most + 1)
  const blocks: Block[] = []
  const said: string[] = []
  // The line after the block is what is left.
  for (const line of lines.slice(0, -1)) {
    if (line.text.length > MAX_BLOCK_CHARS || line.text.startsWith('```')) break
    said.push(comparable(line.text))
    const block = said.join('\n')
    const bare = withoutNumbers(block)
    if (bare.length > MAX_BLOCK_CHARS) break
    // A closing bracket or a rule is nobody's name, and a value alone may be an answer's last word.
    if (!/\p{L}/u.test(bare.replace(KIND, ''))) continue
    const [key, numbered] = [hashOf(side, bare), hashOf(side, block)]
    const rest = side === 'first' ? { start: line.end, end: text.length } : { start: 0, end: line.start }
    blocks.push({ key, numbered, ...rest })
  }
  return blocks
}

/** JSON, a list or mark-up; a placeholder at the beginning is a word. */
function isStructured(text: string): boolean {
  return /^\s{0,20}(?!\[[A-Z][A-Z0-9_]*\])[[{<]/.test(text)
}

/**
 * Reads a correction as the row's text will stand when it is compared: redacted. A value's number is its hash, so that
 * lines with the same values are the same in every correction; the SDK's numbers, which say nothing there, are gone.
 */
function reader(detectors: readonly DetectorName[]): (text: string) => string {
  const number = (value: string): number => Number.parseInt(sha256(value).slice(0, 12), 16)
  const redact = createRedactText(rankedDetectors(detectors), (name, value) => `[${name}_${number(value)}]`)
  return (text) => redact(withoutNumbers(normaliseText(text)))
}

/** How often an author's corrections begin or end with the same lines: corrections read, and each block with its count. */
export interface SignatureCounts {
  author: string
  edits: number
  blocks: { numbered: string; key: string; count: number }[]
}

/**
 * Counts what authors put at the ends of their live corrections of whole outputs, author by author. Corrections of one
 * snapshot may be counted in parts, in any order: `signatureBook` adds them up.
 * @param isFrequent whether an author has corrections enough to be looked at; the counts of others say nothing
 */
export function countSignatures(
  states: readonly FeedbackState[],
  { redact }: Pick<Recipe, 'redact'>,
  isFrequent: (authorId: string) => boolean = () => true,
): SignatureCounts[] {
  const read = reader(redact.detectors)
  const byAuthor = new Map<string, { edits: number; blocks: Map<string, { key: string; count: number }> }>()
  for (const state of states) {
    const { kind, field, kept, author_id } = state.row
    if (state.fate !== 'live' || kind !== 'correction' || field !== '' || kept === '' || author_id === '') continue
    if (!isFrequent(author_id)) continue
    const author = authorOf(state.row)
    const counts = byAuthor.get(author) ?? { edits: 0, blocks: new Map() }
    byAuthor.set(author, counts)
    counts.edits++
    const text = read(kept)
    if (isStructured(text)) continue
    const blocks = [...blocksOf(text, 'first'), ...blocksOf(text, 'last')]
    for (const [numbered, key] of new Map(blocks.map((block) => [block.numbered, block.key]))) {
      counts.blocks.set(numbered, { key, count: (counts.blocks.get(numbered)?.count ?? 0) + 1 })
    }
  }
  return [...byAuthor].map(([author, { edits, blocks }]) => ({
    author,
    edits,
    blocks: [...blocks].map(([numbered, { key, count }]) => ({ numbered, key, count })),
  }))
}

/**
 * What each author adds to their corrections again and again: lines that stand at the beginning or the end of a share
 * of them, whatever becomes of those corrections. No text is held, and what remains is a few hashes for those who sign.
 */
export function signatureBook(
  parts: Iterable<SignatureCounts>,
  { artefacts }: Pick<Recipe, 'artefacts'>,
): SignatureBook {
  const byAuthor = new Map<string, { edits: number; blocks: Map<string, { key: string; count: number }> }>()
  for (const { author, edits, blocks } of parts) {
    const sum = byAuthor.get(author) ?? { edits: 0, blocks: new Map() }
    byAuthor.set(author, sum)
    sum.edits += edits
    for (const { numbered, key, count } of blocks) {
      sum.blocks.set(numbered, { key, count: (sum.blocks.get(numbered)?.count ?? 0) + count })
    }
  }
  const book = new Map<string, Set<string>>()
  for (const [author, { edits, blocks }] of byAuthor) {
    if (edits < artefacts.signature_min_edits) continue
    const least = Math.max(artefacts.signature_min_edits, Math.ceil(edits * artefacts.signature_share))
    const repeated = [...blocks.values()].filter(({ count }) => count >= least).map(({ key }) => key)
    if (repeated.length > 0) book.set(author, new Set(repeated))
  }
  return book
}

/** A text without the longest block at either end that is its author's signature and not on the other side too. */
export function withoutSignature(text: string, other: string, signatures: ReadonlySet<string> | undefined): string {
  if (signatures === undefined || isStructured(text)) return text
  let left = text
  for (const side of ['last', 'first'] as const) {
    const shared = new Set(blocksOf(other, side).map(({ key }) => key))
    const mine = blocksOf(left, side).filter(({ key }) => signatures.has(key) && !shared.has(key))
    const longest = mine.at(-1)
    if (longest !== undefined) left = withoutBlankEnds(left.slice(longest.start, longest.end))
  }
  return left
}
