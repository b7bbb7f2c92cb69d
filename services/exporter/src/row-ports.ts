import type { Ports } from '@flywheel/curation'
import { createRowId } from './units/unit-work.js'

/** What curation asks of a project and of the export before. */
export async function rowPorts(
  rowKey: Uint8Array,
  assignments: ReadonlyMap<string, string>,
  evaluation: Ports['evaluation'],
  joined: Ports['joined'],
): Promise<Ports> {
  // Loaded with the first export: its tables are 85 MB, which a process that never exports need not hold.
  const { languageOf } = await import('@flywheel/curation/language')
  return {
    languageOf,
    rowId: createRowId(rowKey),
    // Where none was ever given, nobody is asked: that would be a hash a member.
    ...(assignments.size === 0 ? {} : { assigned: (member: string) => assignments.get(member) }),
    evaluation,
    joined,
  }
}
