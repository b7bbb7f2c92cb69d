/**
 * Prints `passed failed skipped` of a vitest JSON report; a suite that did not load counts as failed. With a second
 * path, appends what failed to that file, by name and with the beginning of its message; with a third, what passed at the
 * second try only (vitest keeps the message of the first).
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

const [path = '', failures, secondTries] = process.argv.slice(2)

/** The first lines of a message, enough to know what to look at. */
const LINES = 8

function note(list: string | undefined, name: string, message: string): void {
  if (list === undefined) return
  const lines = message.split('\n').slice(0, LINES)
  appendFileSync(list, `${[name, ...lines.map((line) => `    ${line}`)].join('\n')}\n`)
}

if (!existsSync(path)) {
  note(failures, 'no report of the tests', path)
  console.log('0 1 0')
} else {
  const report = JSON.parse(readFileSync(path, 'utf8')) as {
    numPassedTests: number
    numFailedTests: number
    numPendingTests: number
    numTodoTests: number
    testResults: {
      name: string
      status: string
      message: string
      assertionResults: { status: string; fullName: string; failureMessages: string[] }[]
    }[]
  }
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  for (const file of unloaded) note(failures, relative('.', file.name), file.message)
  for (const { name, assertionResults } of report.testResults) {
    for (const test of assertionResults) {
      const isSecondTry = test.status === 'passed' && test.failureMessages.length > 0
      if (test.status !== 'failed' && !isSecondTry) continue
      const list = isSecondTry ? secondTries : failures
      note(list, `${relative('.', name)} > ${test.fullName}`, test.failureMessages.join('\n'))
    }
  }
  console.log(
    `${report.numPassedTests} ${report.numFailedTests + unloaded.length} ${report.numPendingTests + report.numTodoTests}`,
  )
}
