import { openLocalLog } from '@flywheel/event-log'
import { migrate, openEmbedded } from '@flywheel/store'
import { quickSink } from './world.js'

// A sink as a process of its own, for a test that kills it. Ends by itself once the log is drained.
const [storePath, logPath] = process.argv.slice(2) as [string, string]
const db = await openEmbedded({ path: storePath })
await migrate(db)
const log = await openLocalLog({ path: logPath })
const { sink } = quickSink({ log, db, batch: { rows: 40, interval_ms: 5 } })
await sink.start()
let left = Number.POSITIVE_INFINITY
while (left > 0) {
  const { records } = await log.backlog('sink')
  // The parent times its kill from the first commit of this process.
  if (records < left && left !== Number.POSITIVE_INFINITY) process.stdout.write('committed\n')
  left = records
  await new Promise((resolve) => setTimeout(resolve, 2))
}
await sink.stop()
await log.close()
await db.close()
process.stdout.write('drained\n')
