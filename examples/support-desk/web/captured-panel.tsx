import { type JSX, useEffect, useState } from 'react'
import type { Captured } from '../src/captured.js'

const POLL_MS = 1000

/** What Flywheel has stored of this session, newest first. */
export function CapturedPanel({ session }: { session: string }): JSX.Element {
  const [events, setEvents] = useState<readonly Captured[]>([])
  useEffect(() => {
    const abort = new AbortController()
    const poll = async () => {
      try {
        const answer = await fetch(`/api/captured?session=${session}`, { signal: abort.signal })
        if (answer.ok) setEvents(await answer.json())
      } catch {
        // Asked again in a second.
      }
    }
    void poll()
    const timer = setInterval(() => void poll(), POLL_MS)
    return () => {
      clearInterval(timer)
      abort.abort()
    }
  }, [session])
  return (
    <aside aria-label="Captured">
      <h1>What was captured</h1>
      {events.length === 0 && <p className="soft">Nothing yet. Ask for a draft.</p>}
      <ol>
        {events.map(({ id, at, kind, detail }) => (
          <li key={id}>
            <b>{kind}</b> <small>{at.slice(11, 19)}</small>
            <span>{detail}</span>
          </li>
        ))}
      </ol>
    </aside>
  )
}
