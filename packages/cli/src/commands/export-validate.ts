import { createValidator, PROBLEMS, targetOf } from '@flywheel/curation'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import { groupsOf } from '../validate/files.js'
import { readRows } from '../validate/records.js'

/** One row that the loader would lose or misread. */
interface Problem {
  path: string
  /** From 1; null in what has no lines. */
  line: number | null
  /** From 0, over the file. */
  row: number
  code: string
}

interface Report {
  valid: boolean
  target: string
  files: { path: string; part: string; rows: number }[]
  rows: number
  problem_count: number
  /** How many of each code. */
  codes: Record<string, number>
  /** The first of them. */
  problems: Problem[]
}

/** Judges a path and holds no more of it than the first problems. */
async function judge(path: string, target: string, shown: number): Promise<Report> {
  const report: Report = { valid: true, target, files: [], rows: 0, problem_count: 0, codes: {}, problems: [] }
  const found = (problem: Problem): void => {
    report.valid = false
    report.problem_count++
    report.codes[problem.code] = (report.codes[problem.code] ?? 0) + 1
    if (report.problems.length < shown) report.problems.push(problem)
  }
  for (const { name, paths } of await groupsOf(path, target)) {
    // Shards of one name are one table: the first row of the first decides for all.
    const validator = createValidator(targetOf(target))
    for (const file of paths) {
      let row = 0
      for await (const { line, value, code, bytes } of readRows(file)) {
        const problem = code ?? validator.push(value, bytes)
        if (problem !== null) found({ path: file, line, row, code: problem })
        row++
      }
      if (row === 0) found({ path: file, line: null, row: 0, code: 'no_rows' })
      // Parquet says its columns and their types.
      if (!file.endsWith('.parquet')) validator.endFile()
      report.rows += row
      report.files.push({ path: file, part: validator.part ?? '', rows: row })
    }
    const misread = paths.some((file) => file.endsWith('.parquet')) ? null : validator.end()
    if (misread !== null) found({ path: name, line: null, row: 0, code: misread })
  }
  return report
}

function inWords(report: Report): string {
  const where = ({ path, line, row }: Problem): string => `${path}:${line ?? `row ${row}`}`
  const hidden = report.problem_count - report.problems.length
  return [
    ...report.files.map(({ path, part, rows }) => `${path}: ${rows} rows${part === '' ? '' : ` of ${part}`}`),
    `${report.rows} rows as ${report.target} reads them, ${report.problem_count} problems`,
    ...Object.entries(report.codes).map(([code, count]) => `  ${code} ${count}: ${PROBLEMS[code] ?? code}`),
    ...report.problems.map((problem) => `${where(problem)}: ${problem.code}`),
    ...(hidden > 0 ? [`and ${hidden} more; --first ${report.problem_count} shows all`] : []),
  ].join('\n')
}

/**
 * `flywheel export validate`: reads rows as a trainer's loader would, without a server, and exits with 1 where the
 * loader would lose or misread a row.
 */
export async function exportValidate(
  context: CommandContext,
  path: string,
  own: { target: string; first: string },
): Promise<number> {
  const shown = Number(own.first)
  if (!Number.isInteger(shown) || shown < 0) throw new CliError(EXIT.usage, '--first wants a whole number')
  try {
    targetOf(own.target)
  } catch (cause) {
    throw new CliError(EXIT.usage, (cause as Error).message, { cause })
  }
  const report = await judge(path, own.target, shown)
  context.output.one(report, inWords(report))
  return report.valid ? EXIT.ok : EXIT.failed
}
