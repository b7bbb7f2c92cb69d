import { type JSX, useState } from 'react'
import { TICKETS } from '../src/tickets.js'
import { CapturedPanel } from './captured-panel.js'
import { Editor } from './editor.js'
import { EMPTY, type Reply } from './reply.js'

/** Tickets, the editor of the open one, and what Flywheel has of this session. */
export function Desk({ session }: { session: string }): JSX.Element {
  const [openId, setOpenId] = useState(TICKETS[0]?.id ?? '')
  const [replies, setReplies] = useState<Record<string, Reply>>({})
  const ticket = TICKETS.find(({ id }) => id === openId)
  return (
    <div className="desk">
      <nav aria-label="Tickets">
        <h1>Support desk</h1>
        {TICKETS.map(({ id, from, subject }) => (
          <button key={id} type="button" aria-current={id === openId} onClick={() => setOpenId(id)}>
            {subject}
            <br />
            <small>
              {from}
              {replies[id]?.mail ? ', answered' : ''}
            </small>
          </button>
        ))}
      </nav>
      <main>
        {ticket && (
          <Editor
            // A route of its own: the editor is unmounted when another ticket is opened.
            key={ticket.id}
            ticket={ticket}
            session={session}
            reply={replies[ticket.id] ?? EMPTY}
            onReply={(change) =>
              setReplies((all) => ({ ...all, [ticket.id]: { ...(all[ticket.id] ?? EMPTY), ...change } }))
            }
          />
        )}
      </main>
      <CapturedPanel session={session} />
    </div>
  )
}
