import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What `hands.ts` does with a data directory that nobody has open. */
export type Request = { work: 'hold' } | ({ work: 'erase' } & Subject) | { work: 'statements'; statements: string[] }

/** Whom an erasure is about. */
export interface Subject {
  user: string
  /** Stands in every event of the subject and nowhere else. */
  canary: string
  ids: string[]
}

/** What became of an erasure and the replay after it. */
export interface Answer {
  /** Rows of all tables that hold the canary, before and after. */
  before: number
  after: number
  replayed: number
  /** Files of the log that hold the canary after it was compacted; null where the log keeps it until its retention ends. */
  in_log: number | null
}

/** Tables that hold what a subject said, and the column of the event's id. */
export const REWRITTEN = { interactions: 'id', feedback: 'id', links: 'id', consents: 'id', dead_letters: 'event_id' }

const run = promisify(execFile)
const script = fileURLToPath(new URL('./hands.ts', import.meta.url))

export async function ask(dataDir: string, request: Request): Promise<Answer> {
  const { stdout } = await run(
    process.execPath,
    ['--conditions=@flywheel/source', '--import', 'tsx', script, dataDir, JSON.stringify(request)],
    { maxBuffer: 2 ** 24 },
  )
  return JSON.parse(stdout) as Answer
}
