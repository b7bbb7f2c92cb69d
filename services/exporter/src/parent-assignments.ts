import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EVALUATION_SPLIT } from '@flywheel/curation'
import { FlywheelError } from '@flywheel/schema'
import { readPublished } from './publish.js'

async function read(outDir: string, id: string): Promise<[member: string, split: string][]> {
  if ((await readPublished(join(outDir, id))) === null) {
    throw new FlywheelError('not_found', `The parent export ${id} is not whole in ${outDir}; name another or none`)
  }
  const text = await readFile(join(outDir, id, 'meta/assignments.jsonl'), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const { member, split } = JSON.parse(line) as { member: string; split: string }
    return [member, split]
  })
}

/**
 * The splits that the members of components have from earlier exports: all of the parent's, and over them what another
 * held out for evaluation.
 */
export async function assignmentsOf(
  outDir: string,
  { parent, held_out_by }: { parent: string | undefined; held_out_by?: string | undefined },
): Promise<Map<string, string>> {
  const own = parent === undefined ? [] : await read(outDir, parent)
  const held = held_out_by === undefined ? [] : await read(outDir, held_out_by)
  return new Map([...own, ...held.filter(([, split]) => split === EVALUATION_SPLIT)])
}
