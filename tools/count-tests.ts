/** Prints `passed failed skipped` of a vitest JSON report; a suite that did not load counts as failed. */
import { existsSync, readFileSync } from 'node:fs'

const path = process.argv[2] ?? ''
if (!existsSync(path)) {
  console.log('0 1 0')
} else {
  const report = JSON.parse(readFileSync(path, 'utf8')) as {
    numPassedTests: number
    numFailedTests: number
    numPendingTests: number
    numTodoTests: number
    testResults: { status: string; assertionResults: unknown[] }[]
  }
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  console.log(
    `${report.numPassedTests} ${report.numFailedTests + unloaded.length} ${report.numPendingTests + report.numTodoTests}`,
  )
}
