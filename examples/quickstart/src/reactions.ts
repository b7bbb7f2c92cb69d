import type { Flywheel, Target } from '@flywheel/sdk'
import type { Draft } from './drafting.js'
import { draftsBetween, edit } from './editing.js'
import type { Person } from './people.js'
import { flawsOf } from './support-desk.js'

/** What becomes of a draft on the host's side. */
export interface Reaction {
  /** The text that went to the customer, null where the draft was left open. */
  sent: string | null
}

export interface Desk {
  flywheel: Flywheel
  /** Feedback that arrives when the day is over: from the mail system, a survey, a nightly job. */
  later: (() => void)[]
}

/** How the host points at an answer: whichever of its names is at hand. A turn's ticket is good for its first output. */
function targetOf(draft: Draft, choice: number, person: Person): Target {
  if (person.draws.chance(0.5)) return draft.turn
  if (choice === 0 && person.draws.chance(0.4)) return { ticket: draft.turn.ticket }
  return draft.interaction
}

/** Two alternatives side by side; the desk's old release showed them always in the same order. */
export function chooseBetween(desk: Desk, draft: Draft, person: Person): number {
  const { draws } = person
  const randomised = draws.chance(0.8)
  const order = randomised && draws.chance(0.5) ? [1, 0] : [0, 1]
  const flaws = order.map((choice) => flawsOf(draft.texts[choice] ?? ''))
  const [first = 0, second = 0] = flaws
  const seen = draws.chance(0.85) ? [0, 1] : [0]
  const prefersFirst =
    seen.length === 1 || (first === second ? draws.chance(0.55) : first < second === draws.chance(0.85))
  const winner = first === second && draws.chance(0.25) ? 'tie' : prefersFirst ? 0 : 1
  desk.flywheel.feedback.choose(
    draft.turn,
    order.map((choice) => ({ id: draft.interaction, choice })),
    winner,
    { randomised, seen },
  )
  return order[winner === 'tie' ? 0 : winner] ?? 0
}

/** The person asks for the answer once more, without a word on why. */
export function wantsAnother(draft: Draft, person: Person): boolean {
  const flaws = flawsOf(draft.texts[0] ?? '')
  return person.draws.chance(person.regenerating * (flaws >= 2 ? 1.6 : 0.4))
}

/** Edits, sends, keeps or abandons a draft, and leaves the traces that a host would record of it. */
export function react(desk: Desk, draft: Draft, choice: number, person: Person): Reaction {
  const { flywheel, later } = desk
  const { draws } = person
  const served = draft.texts[choice] ?? ''
  const target = targetOf(draft, choice, person)
  const options = { choice, shown: served }
  flywheel.feedback.shown(draft.turn, { id: draft.interaction, choice }, { shown: served, value: 1 })
  thumb(desk, target, served, choice, person)

  const flaws = flawsOf(served)
  const edits = draws.chance(flaws === 0 ? 0.1 * person.editing : person.editing + 0.1 * flaws)
  const kept = edits ? edit(served, person) : served
  if (edits)
    for (const state of draftsBetween(served, kept, person))
      flywheel.feedback.correct(target, state, { ...options, stage: 'draft' })
  if (draws.chance(person.abandoning)) return { sent: null }

  // the host's own key of what was sent, from which later events find their way back
  const ref = `mail:${draft.responseId.slice(-16)}`
  if (draws.chance(0.3)) flywheel.link(draft.interaction, ref)
  else flywheel.link({ responseId: draft.responseId }, ref)

  if (!edits) {
    if (draws.chance(0.7)) flywheel.feedback.accept(target, { choice })
    else flywheel.feedback.copy(target, { choice, kept: served })
  } else if (draws.chance(0.12)) {
    later.push(() => flywheel.feedback.correct({ ref }, kept, { ...options, author: person.id }))
  } else if (draws.chance(0.1)) {
    later.push(() =>
      flywheel.feedback.correct({ responseId: draft.responseId }, kept, { ...options, author: person.id }),
    )
  } else {
    const correction = flywheel.feedback.correct(target, kept, options)
    if (draws.chance(0.05)) flywheel.feedback.retract(correction)
    else if (draws.chance(0.06)) flywheel.feedback.correct(target, edit(kept, person), options)
  }
  if (draws.chance(0.2))
    later.push(() =>
      flywheel.feedback.outcome({ ref }, 'ticket_solved', draws.chance(flaws < 2 || edits ? 0.85 : 0.5) ? 1 : 0),
    )
  if (draws.chance(0.1)) later.push(() => flywheel.feedback.retain({ ref }, '24h', edits ? 0.98 : 0.9))
  return { sent: kept }
}

/** Thumbs are pressed by some, changed by a few and taken back by fewer. */
function thumb(desk: Desk, target: Target, served: string, choice: number, person: Person): void {
  const { draws } = person
  if (!draws.chance(person.thumbing)) return
  const likes = draws.chance(flawsOf(served) >= 2 ? 0.25 : 0.85)
  desk.flywheel.feedback.thumb(target, likes ? 'up' : 'down', { choice })
  if (draws.chance(0.12)) desk.flywheel.feedback.thumb(target, likes ? 'down' : 'up', { choice })
  if (draws.chance(0.08)) desk.flywheel.feedback.thumb(target, 'none', { choice })
  // a double click
  if (draws.chance(0.05)) desk.flywheel.feedback.thumb(target, likes ? 'up' : 'down', { choice })
}
