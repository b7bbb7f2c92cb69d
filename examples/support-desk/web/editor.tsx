import { createFeedback } from '@flywheel/sdk/browser'
import { useDraft, useFeedback } from '@flywheel/sdk/react'
import type { JSX } from 'react'
import type { Ticket } from '../src/tickets.js'
import { type Candidate, type Reply, requestDraft, requestPair, sendReply } from './reply.js'

interface Props {
  readonly ticket: Ticket
  readonly session: string
  readonly reply: Reply
  readonly onReply: (change: Partial<Reply>) => void
}

/** Goes to this app's own path, which no ad blocker takes for a tracker. */
const feedback = createFeedback({ url: '/api/flywheel' })

/** Edits, regenerates, chooses and sends the answer to one ticket. */
export function Editor({ ticket, session, reply, onReply }: Props): JSX.Element {
  const draft = useDraft(reply.isWriting ? null : reply.ticket, { shown: reply.shown, feedback })
  const about = useFeedback(reply.ticket, { feedback })

  async function write(): Promise<void> {
    const before = reply
    const next = await requestDraft(
      { ticketId: ticket.id, session, ...(before.interaction && { regenerates: before.interaction }) },
      onReply,
    )
    if (before.ticket) feedback.regenerate(before.ticket, next.interaction)
    if (next.ticket) feedback.shown(next.ticket, next.interaction, { shown: next.text, value: 1 })
  }
  async function writeTwo(): Promise<void> {
    const { ticket: flywheelTicket, candidates } = await requestPair({ ticketId: ticket.id, session })
    // Drawn anew each time, or the left one would win for being left.
    const pair = Math.random() < 0.5 ? candidates : candidates.toReversed()
    onReply({ pair, ticket: flywheelTicket, interaction: null, text: '', shown: '' })
  }
  function take(candidate: Candidate, pair: readonly Candidate[]): void {
    const ids = pair.map(({ id }) => id)
    about.choose(ids, ids.indexOf(candidate.id), { randomised: true, seen: [0, 1] })
    about.shown(candidate.id, { shown: candidate.text, value: 1 })
    onReply({ pair: null, text: candidate.text, shown: candidate.text, interaction: candidate.id })
  }
  async function send(): Promise<void> {
    draft.commit(reply.text)
    onReply({ mail: await sendReply(ticket.id, reply.text, reply.ticket ?? '') })
  }
  function thumb(label: 'up' | 'down'): void {
    const next = reply.thumb === label ? 'none' : label
    about.thumb(next)
    onReply({ thumb: next })
  }

  const isIdle = !reply.isWriting && !reply.mail
  return (
    <>
      <h2>{ticket.subject}</h2>
      <p className="soft">{ticket.from} writes:</p>
      <blockquote>{ticket.text}</blockquote>
      {reply.pair ? (
        <div className="pair">
          {reply.pair.map((candidate) => (
            <article key={candidate.id}>
              <p>{candidate.text}</p>
              <button type="button" onClick={() => take(candidate, reply.pair ?? [])}>
                Take this one
              </button>
            </article>
          ))}
        </div>
      ) : (
        <textarea
          aria-label="Reply"
          placeholder="Write a reply, or let the model draft one."
          value={reply.text}
          readOnly={!isIdle}
          onChange={(event) => onReply({ text: event.target.value })}
          {...draft.field()}
        />
      )}
      <div className="row">
        <button type="button" disabled={!isIdle} onClick={() => void write()}>
          {reply.interaction ? 'Regenerate' : 'Draft'}
        </button>
        <button type="button" disabled={!isIdle} onClick={() => void writeTwo()}>
          Two drafts
        </button>
        {reply.interaction && (
          <>
            <button type="button" aria-pressed={reply.thumb === 'up'} onClick={() => thumb('up')}>
              {reply.thumb === 'up' ? 'Good ✓' : 'Good'}
            </button>
            <button type="button" aria-pressed={reply.thumb === 'down'} onClick={() => thumb('down')}>
              {reply.thumb === 'down' ? 'Bad ✓' : 'Bad'}
            </button>
          </>
        )}
        <button type="button" className="main end" disabled={!isIdle || !reply.text} onClick={() => void send()}>
          {reply.mail ? 'Sent' : 'Send'}
        </button>
      </div>
    </>
  )
}
