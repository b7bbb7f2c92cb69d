import { openLocalLog } from '@flywheel/event-log'

// Opens a log, says so, and holds it until it is killed; or says why it could not.
try {
  await openLocalLog({ path: process.argv[2] as string })
  console.log('open')
  setInterval(() => undefined, 60_000)
} catch (error) {
  console.log(`${(error as { code?: string }).code}: ${(error as Error).message}`)
}
