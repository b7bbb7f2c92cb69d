import { withoutCitations } from '../artefacts/citations.js'
import { withoutReasoning } from '../artefacts/reasoning.js'
import { type Signatures, withoutSignature } from '../artefacts/signatures.js'
import { tidyWhiteSpace } from '../artefacts/white-space.js'
import { type Candidate, draftOf, partsOf } from '../candidate.js'
import type { Draft } from '../draft.js'
import { authorOf } from '../evidence/feedback-state.js'
import { type ChatMessage, sideText } from '../prompt/chat.js'
import { ARTEFACTS, type Artefact } from '../recipe/artefacts.js'
import { byCodeUnit, canonicalJson } from '../text/canonical-json.js'
import { comparable } from '../text/normalise.js'
import { wordDistance } from '../text/word-distance.js'
import type { World } from '../world.js'
import { eachGate, type Gate } from './gate.js'

/** The texts of both sides; one that is missing is null. */
interface Sides {
  readonly chosen: string
  readonly rejected: string | null
}

/** What takes one kind of artefact out of both sides; null where it cannot be told where it ends. */
type Remove = (sides: Sides, candidate: Candidate, book: Signatures) => Sides | null

const REMOVE: Record<Artefact, Remove> = {
  reasoning({ chosen, rejected }) {
    const [plain, other] = [withoutReasoning(chosen), rejected === null ? null : withoutReasoning(rejected)]
    return plain === null || (rejected !== null && other === null) ? null : { chosen: plain, rejected: other }
  },
  citations: ({ chosen, rejected }) => ({
    chosen: withoutCitations(chosen, rejected),
    rejected: rejected === null ? null : withoutCitations(rejected, chosen),
  }),
  signatures({ chosen, rejected }, candidate, book) {
    if (rejected === null || draftOf(candidate).chosen_by !== 'human') return { chosen, rejected }
    const corrections = partsOf(candidate).feedback.filter(({ row }) => row.kind === 'correction')
    const authors = [...new Set(corrections.map(({ row }) => authorOf(row)))].sort(byCodeUnit)
    const bare = authors.reduce((text, author) => withoutSignature(text, rejected, book.get(author)), chosen)
    return { chosen: bare, rejected }
  },
  white_space: ({ chosen, rejected }) => ({
    chosen: tidyWhiteSpace(chosen),
    rejected: rejected === null ? null : tidyWhiteSpace(rejected),
  }),
}

/** A pair whose thoughts, where the recipe keeps them, stand on both sides or on none. */
function withEvenReasoning(draft: Draft): Draft {
  const { chosen, rejected } = draft
  if (rejected === undefined || (chosen.reasoning_content === undefined) === (rejected.reasoning_content === undefined))
    return draft
  const plain = ({ reasoning_content: _, ...message }: ChatMessage): ChatMessage => message
  return { ...draft, chosen: plain(chosen), rejected: plain(rejected) }
}

function judge(candidate: Candidate, world: World, book: Signatures): string | null {
  const given = draftOf(candidate)
  const draft = world.recipe.artefacts.remove.includes('reasoning') ? withEvenReasoning(given) : given
  const { chosen, rejected } = draft
  let sides: Sides = { chosen: chosen.content, rejected: rejected?.content ?? null }
  const removed: Artefact[] = draft === given ? [] : ['reasoning']
  for (const kind of ARTEFACTS) {
    if (!world.recipe.artefacts.remove.includes(kind)) continue
    const next = REMOVE[kind](sides, candidate, book)
    if (next === null) return `${kind}_without_end`
    if (next.chosen !== sides.chosen || next.rejected !== sides.rejected) {
      if (!removed.includes(kind)) removed.push(kind)
    }
    sides = next
  }
  if (removed.length === 0) return null
  const better: ChatMessage = { ...chosen, content: sides.chosen }
  candidate.draft = { ...draft, chosen: better, artefacts_removed: removed }
  if (rejected === undefined || sides.rejected === null) return null
  const worse: ChatMessage = { ...rejected, content: sides.rejected }
  candidate.draft.rejected = worse
  const said = (side: ChatMessage): string => canonicalJson({ ...side, content: comparable(side.content) })
  if (said(better) === said(worse)) return 'same_without_artefacts'
  if (draft.edit_distance !== null) candidate.draft.edit_distance = wordDistance(sideText(worse), sideText(better))
  return null
}

/**
 * Gate 7b: what stands on one side because of who wrote it, and says nothing: thoughts in tags, marks of sources, the
 * lines an author adds to every edit, a style of white space. Ids of tool calls are numbered alike on every side where a
 * chat is rendered. A pair that differs in nothing else leaves.
 */
export const artefacts: Gate = eachGate('artefacts', (candidate, world) => judge(candidate, world, world.signatures))
