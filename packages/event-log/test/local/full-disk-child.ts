import { openLocalLog } from '@flywheel/event-log'
import { recordOf } from '../../src/conformance/records.js'

// Started under `ulimit -f`, so that writes fail with EIO as on a full disk. Prints one JSON object.
const path = process.argv[2] as string
let log = await openLocalLog({ path, partitions: 2 })
const accepted: string[] = []
const codes = new Set<string>()
for (let n = 0; n < 60; n++) {
  const settled = await Promise.allSettled([
    log.append(recordOf(2 * n, { bytes: 100_000 })),
    log.append(recordOf(2 * n + 1)),
  ])
  settled.forEach((result, at) => {
    if (result.status === 'fulfilled') accepted.push(`${result.value.partition}:${result.value.offset}:${2 * n + at}`)
    else codes.add(String((result.reason as { code?: string }).code))
  })
}
// Small ones still fit into pages that the file has: what comes after a failed write must stand where that one would have.
for (let n = 200; n < 210; n++) {
  await log.append(recordOf(n)).then(
    ({ partition, offset }) => accepted.push(`${partition}:${offset}:${n}`),
    (error: { code?: string }) => codes.add(String(error.code)),
  )
}
await log.close()
log = await openLocalLog({ path })
const stored: string[] = []
const gaps: string[] = []
await log.consume('sink', async (slice) => {
  slice.records.forEach(({ position, header }, at) => {
    if (position.offset !== slice.first + at) gaps.push(`${position.partition}:${position.offset}`)
    stored.push(`${position.partition}:${position.offset}:${header.request_id}`)
  })
})
const all = (await log.backlog('sink')).records
for (let wait = 0; stored.length < all && wait < 500; wait++) await new Promise((resolve) => setTimeout(resolve, 10))
await log.close()
process.stdout.write(`\n${JSON.stringify({ accepted, codes: [...codes], stored, gaps })}\n`)
