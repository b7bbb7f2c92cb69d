import { openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLocalLog } from '@flywheel/event-log'
import { recordOf } from '../../src/conformance/records.js'

// Marks in the trace of system calls where an append begins and where it was acknowledged.
const marks = openSync('/dev/null', 'w')
const log = await openLocalLog({ path: process.argv[2] as string })
for (let n = 0; n < 5; n++) {
  // A sync that comes late must not be taken for the next append's.
  await sleep(150)
  writeSync(marks, `BEGIN ${n}`)
  await log.append(recordOf(n, { bytes: n * 3_000 }))
  writeSync(marks, `ACKNOWLEDGED ${n}`)
}
await log.close()
