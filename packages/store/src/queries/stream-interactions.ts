import type { Database, StreamFormat } from '../database.js'
import type { InteractionListRow } from '../rows.js'
import { INTERACTION_HEAD, INTERACTION_PREVIEWS } from './columns.js'
import { READ_LIMITS } from './interactions.js'
import { VISIBLE } from './visible.js'

/** The rows of one page of `listInteractions`, in its order, in one of the engine's own formats. */
export function streamInteractions(
  db: Database,
  projectId: string,
  page: readonly Pick<InteractionListRow, 'id' | 't'>[],
  format: StreamFormat,
): AsyncIterable<Uint8Array> {
  const times = page.map((row) => row.t).sort()
  const never = '2000-01-01T00:00:00.000Z'
  return db.stream(
    `SELECT ${INTERACTION_HEAD}, ${INTERACTION_PREVIEWS} FROM interactions FINAL
     WHERE ${VISIBLE} AND t >= {oldest:DateTime64(3, 'UTC')} AND t <= {newest:DateTime64(3, 'UTC')}
       AND id IN {ids:Array(UUID)}
     ORDER BY t DESC, toString(id) DESC`,
    { project: projectId, oldest: times[0] ?? never, newest: times.at(-1) ?? never, ids: page.map((row) => row.id) },
    format,
    READ_LIMITS,
  )
}
