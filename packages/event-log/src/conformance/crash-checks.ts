import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Position, PositionedRecord } from '../event-log.js'
import { createSeen, joinAs, keyOf } from './applier.js'
import type { Report, Scenario } from './child.js'
import { type Check, checkSubject, type LogUnderTest } from './factory.js'
import { appendMany, numberOf, recordOf } from './records.js'
import { eventually } from './waiting.js'

/** Runs a child until `enough`, kills it with -9 and returns everything it reported. */
async function runUntilKilled(
  subject: LogUnderTest,
  scenario: Scenario,
  enough: (reports: readonly Report[]) => boolean,
): Promise<Report[]> {
  const command = subject.childCommand(scenario)
  assert.ok(command !== null, 'crash checks need a childCommand')
  const child = spawn(command.command, command.args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const reports: Report[] = []
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += String(chunk)
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    // The last line may be cut short by the kill.
    if (line.endsWith('}')) reports.push(JSON.parse(line) as Report)
  })
  try {
    await eventually(`the child has done enough (${errors})`, () => {
      assert.ok(child.exitCode === null, `the child ended by itself: ${errors}`)
      return enough(reports)
    })
  } finally {
    child.kill('SIGKILL')
    await closed
  }
  return reports
}

export const crashChecks: readonly Check[] = [
  checkSubject('what was acknowledged before kill -9 is there, in order', 2, async (subject, { kills = 3 }) => {
    const acknowledged = new Map<string, number>()
    let total = 0
    for (let kill = 0; kill < kills; kill++) {
      // Different moments: after few and after many acknowledgements, and always while 16 appends are under way.
      const reports = await runUntilKilled(subject, 'append', (said) => said.length >= 20 + ((kill * 137) % 400))
      for (const report of reports) {
        if (report.said !== 'appended') continue
        const key = placeOf(report.position)
        assert.ok(!acknowledged.has(key), `position ${key} was given twice`)
        acknowledged.set(key, report.n)
        total++
      }
    }
    assert.ok(total >= 20 * kills)
    const log = await subject.open()
    try {
      const seen = createSeen()
      const member = await joinAs(log, 'sink', seen)
      const wanted = (await log.progress('sink')).reduce((sum, { committed, end }) => sum + end - committed, 0)
      await eventually(
        'everything comes',
        async () => seen.committed.size >= wanted && (await log.backlog('sink')).records === 0,
      )
      await member.stop()
      assert.deepEqual(seen.violations, [])
      for (const [key, n] of acknowledged) {
        const record = seen.committed.get(key)
        assert.ok(record !== undefined, `record ${n} was acknowledged at ${key} and is lost`)
        assert.equal(numberOf(record), n, `another record stands at ${key}`)
        assert.ok(
          Buffer.from(recordOf(n, { bytes: n % 7 === 0 ? 50_000 : 300 }).body).equals(record.body),
          `record ${n} changed`,
        )
      }
    } finally {
      await log.close()
    }
  }),

  checkSubject(
    'after kill -9 between proposal and commit the exact boundary is recovered and its records come again',
    3,
    async (subject, { kills = 3 }) => {
      await fill(subject, 60)
      for (let kill = 0; kill < kills; kill++) {
        const reports = await runUntilKilled(subject, 'propose', (said) => said.length >= 1)
        const proposals = reports.filter((report) => report.said === 'proposed')
        const log = await subject.open()
        try {
          const recovered = new Map<number, { boundary: unknown; records: PositionedRecord[] }>()
          const member = await log.consume(
            'sink',
            async ({ assignment, partition, records }) => {
              const known = recovered.get(partition)
              if (known !== undefined) known.records.push(...records)
              else recovered.set(partition, { boundary: await assignment.recoverBoundary(), records: [...records] })
            },
            { slice_records: 2 },
          )
          for (const { partition, first, last } of proposals) {
            await eventually(
              'the proposed records come again',
              () =>
                recovered.get(partition)?.records.at(-1)?.position.offset !== undefined &&
                (recovered.get(partition)?.records.at(-1)?.position.offset ?? -1) >= last,
            )
            assert.deepEqual(recovered.get(partition)?.boundary, { first, last })
            assert.equal(recovered.get(partition)?.records[0]?.position.offset, first)
          }
          await member.stop()
          // The next round begins with no boundary: a member that stops in the middle of its work may leave one.
          const seen = createSeen()
          const redo = await joinAs(log, 'sink', seen, { slice_records: 1 })
          await eventually('the boundaries are committed', () =>
            proposals.every(({ partition, last }) => seen.committed.has(`${partition}:${last}`)),
          )
          await eventually('all is committed', async () => (await log.backlog('sink')).records === 0)
          await redo.stop()
          assert.deepEqual(seen.violations, [])
          await appendMany(log, 30, { from: 1_000 * (kill + 1) })
        } finally {
          await log.close()
        }
      }
    },
  ),

  checkSubject('what was committed before kill -9 does not come again, and the rest does', 3, async (subject) => {
    await fill(subject, 400)
    const reports = await runUntilKilled(
      subject,
      'commit',
      (said) => said.filter(({ said }) => said === 'committed').length >= 10,
    )
    const committed = new Map<number, number>()
    for (const report of reports) if (report.said === 'committed') committed.set(report.partition, report.last)
    const log = await subject.open()
    try {
      const begun = await log.progress('sink')
      const seen = createSeen()
      const member = await joinAs(log, 'sink', seen)
      const rest = begun.reduce((sum, { committed: from, end }) => sum + end - from, 0)
      await eventually('the rest is committed', () => seen.committed.size >= rest)
      await member.stop()
      for (const record of seen.delivered) {
        const { partition, offset } = record.position
        assert.ok(
          offset > (committed.get(partition) ?? -1),
          `${keyOf(record)} was committed before the kill and came again`,
        )
      }
      assert.deepEqual(seen.violations, [])
    } finally {
      await log.close()
    }
  }),
]

async function fill(subject: LogUnderTest, count: number): Promise<void> {
  const log = await subject.open()
  await appendMany(log, count)
  await log.close()
}

function placeOf({ partition, offset }: Position): string {
  return `${partition}:${offset}`
}
