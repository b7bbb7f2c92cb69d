import type { Candidate } from './candidate.js'
import { answersOf, draftOf, partsOf } from './candidate.js'
import type { ItemNotes } from './draft.js'
import { answerKey } from './evidence/evidence.js'
import type { FeedbackState } from './evidence/feedback-state.js'
import { isThumbUp } from './strategies/signs.js'
import { byCodeUnit } from './text/canonical-json.js'
import { normaliseText } from './text/normalise.js'
import type { World } from './world.js'

const hasReasons = ({ row }: FeedbackState): boolean => row.reason_codes.length > 0 || (row.reason_text ?? '') !== ''

/** A reason for being pleased says nothing of what was wrong. */
const isPleased = (state: FeedbackState): boolean =>
  isThumbUp(state) || (state.row.kind === 'verdict' && state.row.label === 'accept')

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].filter((text) => text.trim() !== '')

/**
 * Gathers the notes of a candidate that has its draft: the reasons that anybody gave with live feedback about the
 * rejected answer (of a row with one side, about its answer), and those of the feedback behind the row. A reason in
 * somebody's own words needs their consent as a correction does; a code follows a withdrawal alone.
 */
export function itemNotes(candidate: Candidate, world: World): ItemNotes {
  const { rejected_answer, interaction } = draftOf(candidate)
  const { feedback } = partsOf(candidate)
  const answers = answersOf(candidate)
  const wrong = answers.filter((answer) => answerKey(answer) === rejected_answer)
  const about = (wrong.length > 0 ? wrong : answers).flatMap((answer) => world.about(answer))
  const states = [...new Map([...feedback, ...about].map((state) => [state.row.id, state])).values()]
  const given = states
    .filter((state) => hasReasons(state) && !isPleased(state))
    .sort((a, b) => byCodeUnit(a.row.id, b.row.id))
  const codes: string[] = []
  const texts: string[] = []
  const used: string[] = []
  for (const { row, answer } of given) {
    const head = world.head(answer?.interaction ?? interaction)
    if (!world.consent.ofFeedback(row, head).isGranted) continue
    const text = world.consent.ofText(row, head).isGranted ? normaliseText(row.reason_text ?? '') : ''
    if (row.reason_codes.length === 0 && text === '') continue
    codes.push(...row.reason_codes)
    if (text !== '') texts.push(text)
    used.push(row.id)
  }
  const head = world.head(interaction)
  return {
    reasons: { codes: unique(codes).sort(byCodeUnit), texts: unique(texts) },
    tags: unique(head?.tags ?? []).sort(byCodeUnit),
    surface: head?.surface ?? '',
    feedback: used,
  }
}
