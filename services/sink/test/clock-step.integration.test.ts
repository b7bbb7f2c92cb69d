import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { line, record } from './support.js'
import { drained, openLog, openStore, quickSink, rowIds } from './world.js'

it('a batch that waits for company does not wait an hour when the clock steps back by one', async () => {
  const { log, remove: removeLog } = await openLog()
  const { db, remove: removeStore } = await openStore()
  let shift = 0
  const { sink } = quickSink({ log, db, batch: { interval_ms: 1000 }, now: () => Date.now() + shift })
  try {
    await sink.start()
    const one = line('interaction')
    await log.append(record([one], { project_id: 'clock' }))
    await sleep(300)
    shift = -3_600_000
    await drained(log, 10_000)
    expect(await rowIds(db, 'interactions', 'clock')).toEqual([one.meta.id])
  } finally {
    await sink.stop()
    await removeLog()
    await removeStore()
  }
})
