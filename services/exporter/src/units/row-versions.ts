import { createHash } from 'node:crypto'
import { type ConsentRow, canonicalJson, type RowVersion } from '@flywheel/curation'
import type { RowStateRow } from '@flywheel/store'
import { statedConsents } from './stated-consents.js'

/** A row of which the state was asked for. */
type Keyed = Partial<RowStateRow> & { id: string; bytes?: number }

const HALF = 6

/**
 * Gives rows a version, which is another one where a later snapshot may read or judge the row otherwise: it came anew,
 * retention took its texts, or its user or session said something about consent.
 * @param key of the hashes; undefined where no versions are wanted
 */
export function createRowVersions(
  key: Uint8Array | undefined,
  consents: readonly ConsentRow[],
): <Row extends Keyed>(row: Row) => Row & { version?: RowVersion } {
  if (key === undefined) return (row) => row
  const said = new Map([...statedConsents(consents)].map(([subject, rows]) => [subject, canonicalJson(rows)]))
  return (row) => {
    const { id, bytes = 0, received_at, held_until = 0, user, session } = row
    const people = [said.get(`user:${user}`) ?? '', said.get(`session:${session}`) ?? '']
    const digest = createHash('sha256')
      .update(key)
      .update(JSON.stringify([id, received_at, held_until, bytes, ...people]))
      .digest()
    return { ...row, version: [digest.readUIntBE(0, HALF), digest.readUIntBE(HALF, HALF), held_until] }
  }
}
