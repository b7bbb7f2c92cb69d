import { StuckStatement } from '../embedded/deadline.js'
import { forgetOutput, openSessions, type Session, takeTurn } from '../embedded/sessions.js'
import { bindLiterals } from '../literals.js'

/** Requests that may wait for a session; one more is refused as the server does, with TOO_MANY_SIMULTANEOUS_QUERIES. */
const LONGEST_QUEUE = 32
/**
 * Sessions that a stuck statement holds and that are replaced meanwhile. Each holds one of the four threads that Node has
 * for files too; so what sticks beyond this leaves the pool smaller until it ends.
 */
const MOST_REPLACED = 1

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
  const open = async (wanted: number): Promise<Session[]> => {
    const opened = await openSessions(path, wanted)
    for (const { client } of opened) for (const query of setup) await client.command({ query })
    return opened
  }
  const sessions = new Set(await open(count))
  const free = [...sessions]
  const waiting: { start: (session: Session) => void; fail: (error: Error) => void }[] = []
  let stuck = 0
  let isClosed = false

  const tooMany = () =>
    new Error(
      `Code: 202. DB::Exception: Too many simultaneous queries: ${sessions.size} run, ${waiting.length} wait${stuck > 0 ? ` and ${stuck} cannot be broken off` : ''}. (TOO_MANY_SIMULTANEOUS_QUERIES)`,
    )

  function release(session: Session): void {
    const next = waiting.shift()
    if (next === undefined) free.push(session)
    else next.start(session)
  }

  async function add(): Promise<void> {
    if (isClosed || sessions.size >= count) return
    const [session] = await open(1)
    if (session === undefined) return
    if (isClosed) return await session.client.close()
    sessions.add(session)
    release(session)
  }

  /** Leaves a session to its statement, and closes it when that has ended. */
  async function abandon(session: Session, { ended }: StuckStatement): Promise<void> {
    sessions.delete(session)
    stuck++
    void ended
      .then(() => session.client.close())
      .then(() => {
        stuck--
        return add()
      })
      .catch(() => {})
    if (stuck <= MOST_REPLACED) await add()
    if (sessions.size === 0) for (const { fail } of waiting.splice(0)) fail(tooMany())
  }

  async function withSession<Answer>(use: (session: Session) => Promise<Answer>): Promise<Answer> {
    if (isClosed) throw new Error('Code: 210. DB::Exception: The store is closed. (NETWORK_ERROR)')
    if (sessions.size === 0 || (free.length === 0 && waiting.length >= LONGEST_QUEUE)) throw tooMany()
    const session = free.pop() ?? (await new Promise<Session>((start, fail) => waiting.push({ start, fail })))
    const end = await takeTurn(session)
    let left: StuckStatement | null = null
    try {
      return await use(session)
    } catch (error) {
      if (error instanceof StuckStatement) {
        left = error
        throw error.error
      }
      await forgetOutput(session)
      throw error
    } finally {
      end()
      if (left === null) release(session)
      else await abandon(session, left)
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
      // One that is stuck is not waited for: it may go on for hours.
      await Promise.all([...sessions].map((session) => session.turn.then(() => session.client.close())))
    },
  }
}
