import { forgetOutput, openSessions, type Session, takeTurn } from '../embedded/sessions.js'
import { bindLiterals } from '../literals.js'

/** Requests that may wait for a session; one more is refused as the server does, with TOO_MANY_SIMULTANEOUS_QUERIES. */
const LONGEST_QUEUE = 32

/** Sessions of the front, each with one statement at a time. */
export interface SessionPool {
  /** Runs `use` on a session of its own, clean of what an earlier statement left. */
  withSession<Answer>(use: (session: Session) => Promise<Answer>): Promise<Answer>
  /** A SELECT of our own, with its rows parsed. */
  query<Row>(sql: string, params?: Record<string, unknown>): Promise<Row[]>
  close(): Promise<void>
}

/** @param setup statements that each session begins with: SET and USE hold for all that follow */
export async function openPool(path: string, count: number, setup: readonly string[]): Promise<SessionPool> {
  const sessions = await openSessions(path, count)
  for (const { client } of sessions) for (const query of setup) await client.command({ query })
  const free = [...sessions]
  const waiting: ((session: Session) => void)[] = []
  let isClosed = false

  async function withSession<Answer>(use: (session: Session) => Promise<Answer>): Promise<Answer> {
    if (isClosed) throw new Error('Code: 210. DB::Exception: The store is closed. (NETWORK_ERROR)')
    if (free.length === 0 && waiting.length >= LONGEST_QUEUE) {
      throw new Error(
        `Code: 202. DB::Exception: Too many simultaneous queries: ${sessions.length} run and ${waiting.length} wait. (TOO_MANY_SIMULTANEOUS_QUERIES)`,
      )
    }
    const session = free.pop() ?? (await new Promise<Session>((resolve) => waiting.push(resolve)))
    const end = await takeTurn(session)
    try {
      return await use(session)
    } catch (error) {
      await forgetOutput(session)
      throw error
    } finally {
      end()
      const next = waiting.shift()
      if (next === undefined) free.push(session)
      else next(session)
    }
  }

  return {
    withSession,
    query: <Row>(sql: string, params?: Record<string, unknown>) =>
      withSession(async ({ client }) => {
        const answer = await client.query({ query: bindLiterals(sql, params), format: 'JSONEachRow' })
        return (await answer.json<Row>()) as Row[]
      }),
    async close() {
      isClosed = true
      await Promise.all(sessions.map((session) => session.turn.then(() => session.client.close())))
    },
  }
}
