import { type MasterSecret, type SubjectKind, subjectHmac } from '@flywheel/keys'
import type { FlywheelEvent, LogLine, Trust } from '@flywheel/schema'

const REMEMBERED = 20_000
const REMEMBERED_LABELS = 32

/** Makes the header's line of an event. Remembers the HMACs of recent people: one costs as much as decoding half a line. */
export function createLogLines(
  master: MasterSecret,
): (projectId: string, event: FlywheelEvent, trust: Trust) => LogLine {
  // By label, then by value: a key put together anew for each line would cost more than its search.
  const recent = new Map<string, Map<string, string>>()

  function hmac(projectId: string, kind: SubjectKind, value: string): string {
    const label = `${kind}/${projectId}`
    let known = recent.get(label)
    if (known === undefined) {
      if (recent.size >= REMEMBERED_LABELS) recent.clear()
      known = new Map()
      recent.set(label, known)
    }
    let made = known.get(value)
    if (made === undefined) {
      if (known.size >= REMEMBERED) known.clear()
      made = subjectHmac(master, projectId, kind, value)
      known.set(value, made)
    }
    return made
  }

  function set(line: LogLine, name: 'user' | 'author' | 'session', projectId: string, value: string | undefined): void {
    if (value !== undefined && value !== '') line[name] = hmac(projectId, name, value)
  }

  return (projectId, event, trust) => {
    const line: LogLine = { type: event.type, id: event.id, trust }
    if (event.type === 'interaction') set(line, 'user', projectId, event.user_id)
    if (event.type === 'feedback') set(line, 'author', projectId, event.author_id)
    if (event.type === 'interaction' || event.type === 'feedback') set(line, 'session', projectId, event.session_id)
    if (event.type === 'consent' && event.subject_kind !== 'project')
      set(line, event.subject_kind, projectId, event.subject)
    return line
  }
}
