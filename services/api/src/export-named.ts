import { FlywheelError } from '@flywheel/schema'
import { type Database, type ExportRow, exportsNamed } from '@flywheel/store'

/** Digits that an id has, and that are enough to name one. */
const DIGITS = 64
const FEWEST_DIGITS = 4

/** Exports that an ambiguous id names in the error. */
const MOST_NAMED = 5

/**
 * The export of an id, or of how its id begins.
 * @throws FlywheelError `invalid_request` for too few digits, or naming the exports that begin so; `not_found`
 */
export async function exportNamed(db: Database, project_id: string, id: string): Promise<ExportRow> {
  if (!/^[0-9a-f]*$/.test(id) || id.length < FEWEST_DIGITS || id.length > DIGITS) {
    throw new FlywheelError(
      'invalid_request',
      `"${id}" is no id of an export: give ${FEWEST_DIGITS} to ${DIGITS} of its digits (0-9, a-f) from the first one on, as flywheel export list shows them`,
    )
  }
  const rows = await exportsNamed(db, project_id, id)
  const [one, ...others] = rows
  if (one === undefined)
    throw new FlywheelError('not_found', `The export ${id} is not in this project; see flywheel export list`)
  if (others.length === 0) return one
  const named = rows.slice(0, MOST_NAMED).map((row) => `${row.id} (${row.recipe_name}, ${row.created_at})`)
  const more = rows.length > MOST_NAMED ? ` and ${rows.length - MOST_NAMED} more` : ''
  throw new FlywheelError(
    'invalid_request',
    `${rows.length} exports begin with ${id}: ${named.join(', ')}${more}; give more than ${id.length} digits`,
  )
}
