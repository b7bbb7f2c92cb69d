import { createHmac } from 'node:crypto'
import type { MasterSecret } from './master-secret.js'

/** Whom an HMAC stands for. A user and an author share one label: the same person is erased as both. */
export type SubjectKind = 'user' | 'author' | 'session'

/** 32 lower-case hex characters that stand for one person or session of one project in log headers and tombstones. */
export function subjectHmac(master: MasterSecret, projectId: string, kind: SubjectKind, value: string): string {
  const label = kind === 'session' ? 'session' : 'user'
  // The label holds no NUL and ids hold none either, so no two different triples give the same bytes.
  return createHmac('sha256', master.subjectKey)
    .update(`${projectId}\0${label}\0${value}`, 'utf8')
    .digest('hex')
    .slice(0, 32)
}
