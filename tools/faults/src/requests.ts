import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What `hands.ts` does with a data directory that nobody has open. */
export type Request =
  | { work: 'hold' }
  | { work: 'erase'; user: string; canary: string; ids: string[] }
  | { work: 'statements'; statements: string[] }

export interface Answer {
  /** Rows of all tables that hold the canary, before and after. */
  before: number
  after: number
  replayed: number
  /** Files of the log that hold the canary after it was compacted. */
  in_log: number
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
