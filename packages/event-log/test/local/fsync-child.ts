import { openSync, writeSync } from 'node:fs'
import { openLocalLog } from '@flywheel/event-log'
import { recordOf } from '../../src/conformance/records.js'

// Marks in the trace of system calls where an append begins and where it was acknowledged.
const marks = openSync('/dev/null', 'w')
const log = await openLocalLog({ path: process.argv[2] as string })
for (let n = 0; n < 10; n++) {
  writeSync(marks, `BEGIN ${n}`)
  await log.append(recordOf(n, { bytes: n * 3_000 }))
  writeSync(marks, `ACKNOWLEDGED ${n}`)
}
await log.close()
