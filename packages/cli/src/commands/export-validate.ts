import { readFile } from 'node:fs/promises'
import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'

/** `flywheel export validate`: exit 5 where the trainer would lose or misread a row. */
export async function exportValidate(context: CommandContext, path: string, own: { target: 'trl' }): Promise<number> {
  const body = await readFile(path).catch((cause: unknown) => {
    throw new CliError(EXIT.notFound, `The file ${path} cannot be read; give the path of a JSONL shard`, { cause })
  })
  const response = await createClient(context).fetch(`/v1/exports/validate?target=${own.target}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body,
  })
  const answer = (await response.json()) as {
    valid: boolean
    shape: string
    rows: number
    problem_count: number
    problems: { row: number; code: string }[]
  }
  context.output.one(
    answer,
    [
      `${answer.rows} ${answer.shape} rows, ${answer.problem_count} problems`,
      ...answer.problems.map(({ row, code }) => `  row ${row}: ${code}`),
    ].join('\n'),
  )
  return answer.valid ? EXIT.ok : EXIT.gate
}
