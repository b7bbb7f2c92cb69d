import type { ConsentRow } from '@flywheel/curation'

/** What was said about consent, by whose it is: `project`, or a user or session with its kind before a colon. */
export function statedConsents(consents: readonly ConsentRow[]): ReadonlyMap<string, readonly ConsentRow[]> {
  const stated = new Map<string, ConsentRow[]>()
  for (const row of consents) {
    const subject = row.subject_kind === 'project' ? 'project' : `${row.subject_kind}:${row.subject}`
    const known = stated.get(subject)
    if (known === undefined) stated.set(subject, [row])
    else known.push(row)
  }
  return stated
}
