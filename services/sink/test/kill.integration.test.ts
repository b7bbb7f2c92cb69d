import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLocalLog } from '@flywheel/event-log'
import { openEmbedded } from '@flywheel/store'
import { expect, it } from 'vitest'
import { type Line, line, record } from './support.js'
import { deadLetters, receipts, rowIds } from './world.js'

const KILLS = 6
const RECORDS = 1500
const PROJECT = 'killed'
const CHILD = fileURLToPath(new URL('./kill-child.ts', import.meta.url))

/** Runs a sink and kills it so long after its first commit; null lets it finish. */
async function runChild(folder: string, killAfterMs: number | null): Promise<'killed' | 'drained'> {
  const child = spawn(
    process.execPath,
    ['--conditions=@flywheel/source', '--import', 'tsx', CHILD, join(folder, 'store'), join(folder, 'log')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.on('data', (chunk) => {
    const isFirst = !output.includes('committed')
    output += chunk
    if (isFirst && output.includes('committed') && killAfterMs !== null) {
      setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    }
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  if (output.includes('drained') && code === 0) return 'drained'
  if (signal !== 'SIGKILL') throw new Error(`the sink ended with code ${code}, signal ${signal}`)
  return 'killed'
}

it('a sink killed with -9 in the midst of batches, again and again, stores everything once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-sink-kill-'))
  const good: Line[] = []
  const bad: Line[] = []
  const log = await openLocalLog({ path: join(folder, 'log'), partitions: 2 })
  const appends: Promise<unknown>[] = []
  for (let k = 0; k < RECORDS; k++) {
    const lines = [line('interaction'), line('feedback'), line('link')]
    good.push(...lines)
    if (k % 50 === 7) {
      bad.push(line('feedback', { kind: 'applause' }))
      lines.push(bad.at(-1)!)
    }
    appends.push(log.append(record(lines, { project_id: PROJECT, encoding: 'gzip' })))
  }
  await Promise.all(appends)
  await log.close()

  const committed: number[] = []
  for (let k = 0; k < KILLS; k++) {
    if ((await runChild(folder, Math.random() * 60)) === 'drained') break
    const between = await openLocalLog({ path: join(folder, 'log') })
    committed.push((await between.progress('sink')).reduce((sum, partition) => sum + partition.committed, 0))
    await between.close()
  }
  // Kills struck while there was work left, or this test would show nothing.
  expect(committed.filter((count) => count > 0 && count < RECORDS).length).toBeGreaterThan(1)
  expect(await runChild(folder, null)).toBe('drained')

  const db = await openEmbedded({ path: join(folder, 'store') })
  const idsOf = (lines: Line[], type: string) =>
    lines
      .filter(({ meta }) => meta.type === type)
      .map(({ meta }) => meta.id)
      .sort()
  expect(await rowIds(db, 'interactions', PROJECT, true)).toEqual(idsOf(good, 'interaction'))
  expect(await rowIds(db, 'feedback', PROJECT, true)).toEqual(idsOf(good, 'feedback'))
  expect(await rowIds(db, 'links', PROJECT, true)).toEqual(idsOf(good, 'link'))
  const dead = await deadLetters(db, PROJECT)
  expect(dead.map(({ event_id }) => event_id).sort()).toEqual(idsOf(bad, 'feedback'))
  const all = await receipts(db, PROJECT)
  expect(all.length).toBe(RECORDS)
  expect(all.flatMap(({ ids }) => ids).sort()).toEqual([...good, ...bad].map(({ meta }) => meta.id).sort())
  expect(all.flatMap(({ outcomes }) => outcomes).filter((outcome) => outcome === 'dead').length).toBe(bad.length)
  await db.close()
  await rm(folder, { recursive: true, force: true })
}, 240_000)
