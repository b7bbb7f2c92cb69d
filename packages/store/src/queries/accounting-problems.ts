import type { Accounting, AccountingDifference } from './accounting-answer.js'

const NAMED = 3

/**
 * One sentence for each thing that does not add up.
 * @param unmade events that clients have receipted beyond what they say to have made
 */
export function accountingProblems(sums: Omit<Accounting, 'balanced' | 'problems'>, unmade: number): string[] {
  const problems: string[] = []
  if (sums.lost_records > 0) {
    const ranges = sums.lost.slice(0, NAMED).map(({ log_id, partition, first, last }) => {
      const positions = first === last ? `${first}` : `${first}-${last}`
      return `${log_id}/${partition}:${positions}`
    })
    problems.push(
      `${count(sums.lost_records, 'committed log record')} without a receipt: ${some(ranges, sums.lost.length)}. ` +
        'If the log still has them, rewind the sink to the first and let it go on; else send the events again or restore a backup. Repeats change nothing.',
    )
  }
  if (sums.missing_count > 0) {
    problems.push(
      `${count(sums.missing_count, 'event')} in receipts and in no table: ${named(sums.missing, sums.missing_count)}. ` +
        'If the log still has the record, rewind the sink to it; else send the event again or restore a backup. Repeats change nothing.',
    )
  }
  if (sums.unreceipted_count > 0) {
    problems.push(
      `${count(sums.unreceipted_count, 'row')} without a receipt: ${named(sums.unreceipted, sums.unreceipted_count)}. ` +
        'The receipt is lost: rewind the sink to the record or restore a backup; delete the row if nobody sent it.',
    )
  }
  if (sums.duplicated_count > 0) {
    problems.push(
      `${count(sums.duplicated_count, 'event')} stored twice: ${named(sums.duplicated, sums.duplicated_count)}. ` +
        'Look at t and source of its rows, keep the one received first and delete the other.',
    )
  }
  if (unmade > 0) {
    problems.push(
      `Clients have ${count(unmade, 'event')} more in receipts than they say to have made: two clients use one instance name, or one lost its counters. Give each its own instance.`,
    )
  }
  return problems
}

function named(differences: readonly AccountingDifference[], all: number): string {
  const names = differences
    .slice(0, NAMED)
    .map(({ table, id, log_id, partition, position }) => `${table} ${id} (log ${log_id}/${partition}:${position})`)
  return some(names, all)
}

function some(names: readonly string[], all: number): string {
  return names.join(', ') + (all > names.length ? ` and ${all - names.length} more` : '')
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? ' is' : 's are'}`
}
