import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FlywheelError } from '@flywheel/schema'
import { readPublished } from './publish.js'

/** The splits that the members of components have from an earlier export. */
export async function assignmentsOf(outDir: string, parent: string | undefined): Promise<Map<string, string>> {
  if (parent === undefined) return new Map()
  const published = await readPublished(join(outDir, parent))
  if (published === null) {
    throw new FlywheelError('not_found', `The parent export ${parent} is not whole in ${outDir}; name another or none`)
  }
  const text = await readFile(join(outDir, parent, 'meta/assignments.jsonl'), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  return new Map(
    lines.map((line) => {
      const { member, split } = JSON.parse(line) as { member: string; split: string }
      return [member, split]
    }),
  )
}
