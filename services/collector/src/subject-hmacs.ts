import { type MasterSecret, type SubjectKind, subjectHmac } from '@flywheel/keys'
import type { FlywheelEvent, LogLine, Trust } from '@flywheel/schema'

const REMEMBERED = 20_000

/** Makes the header's line of an event. Remembers the HMACs of recent people: one costs as much as decoding half a line. */
export function createLogLines(
  master: MasterSecret,
): (projectId: string, event: FlywheelEvent, trust: Trust) => LogLine {
  let recent = new Map<string, string>()

  function hmac(projectId: string, kind: SubjectKind, value: string): string {
    const key = `${kind}\0${projectId}\0${value}`
    const known = recent.get(key)
    if (known !== undefined) return known
    const made = subjectHmac(master, projectId, kind, value)
    if (recent.size >= REMEMBERED) recent = new Map()
    recent.set(key, made)
    return made
  }

  return (projectId, event, trust) => {
    const line: LogLine = { type: event.type, id: event.id, trust }
    const set = (name: 'user' | 'author' | 'session', value: string | undefined) => {
      if (value !== undefined && value !== '') line[name] = hmac(projectId, name, value)
    }
    if (event.type === 'interaction') set('user', event.user_id)
    if (event.type === 'feedback') set('author', event.author_id)
    if (event.type === 'interaction' || event.type === 'feedback') set('session', event.session_id)
    if (event.type === 'consent' && event.subject_kind !== 'project') set(event.subject_kind, event.subject)
    return line
  }
}
