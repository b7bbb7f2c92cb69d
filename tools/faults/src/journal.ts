import { closeSync, openSync, writeSync } from 'node:fs'
import type { EventType } from '@flywheel/schema'
import type { Planted, SentEvent } from './events.js'

/**
 * What the load generator knows of an event: `accepted` in a 202, `rejected` in an answer, or `unknown`, as the client
 * gave up after an attempt whose answer never came. `erased` was accepted and then erased on purpose.
 */
export type Fate = 'accepted' | 'rejected' | 'unknown' | 'erased'

export interface JournalEntry {
  type: EventType
  id: string
  round: number
  fate: Fate
  planted: Planted | null
  /** An earlier attempt had no answer, so that a rejected event may be stored all the same. */
  isUncertain: boolean
}

/** The load generator's own account, written only after an answer has come. It testifies against the server. */
export interface Journal {
  write(
    event: Pick<SentEvent, 'type' | 'id' | 'planted'>,
    round: number,
    fate: Fate,
    more?: { code?: string; isUncertain?: boolean },
  ): void
  entries(): JournalEntry[]
  close(): void
}

/** Writes one line of JSON an event to the file; later lines of an event replace earlier ones. */
export function openJournal(path: string): Journal {
  const file = openSync(path, 'a')
  const entries = new Map<string, JournalEntry>()
  let isOpen = true
  return {
    write({ type, id, planted }, round, fate, { code, isUncertain = false } = {}) {
      // A run that is given up leaves clients behind.
      if (!isOpen) return
      writeSync(file, `${JSON.stringify({ at: Date.now(), round, fate, type, id, planted, code, isUncertain })}\n`)
      // Accepted once is accepted for good: a later answer to the same bytes takes nothing back but an erasure.
      const known = entries.get(id)
      if (known?.fate === 'erased' || (known?.fate === 'accepted' && fate !== 'erased')) return
      entries.set(id, { type, id, round, fate, planted, isUncertain })
    },
    entries: () => [...entries.values()],
    close() {
      isOpen = false
      closeSync(file)
    },
  }
}
