import { setTimeout as sleep } from 'node:timers/promises'
import { parseRecipe } from '@flywheel/curation'
import { expect, it } from 'vitest'
import { createUnitPool, inThisThread } from '../src/unit-pool.js'
import type { UnitWork } from '../src/units/unit-work.js'

it('units that are judged where a run is leave timers and sockets a turn between two of them', async () => {
  const turns: number[] = []
  const timer = setInterval(() => turns.push(performance.now()), 1)
  const slow = (): never => {
    const until = performance.now() + 20
    while (performance.now() < until);
    return undefined as never
  }
  const work = inThisThread({ survey: slow, judge: slow } satisfies UnitWork)
  await sleep(5)
  const before = turns.length
  for (let unit = 0; unit < 10; unit++) await work.survey({ folder: '', unit })
  for (let unit = 0; unit < 10; unit++) await work.judge({ folder: '', unit }, {} as never)
  clearInterval(timer)
  expect(turns.length - before).toBeGreaterThanOrEqual(15)
})

it('what a thread finds taken away is said as it is where the run is', async () => {
  const context = {
    project_id: 'default',
    watermark: '2026-01-01T00:00:00.000Z',
    cutoff: '2026-01-01T00:00:00.000Z',
    project_consent: {},
    consents: [],
    frequentAuthors: [],
    recipe: parseRecipe({}),
    isByComponent: false,
  }
  const pool = createUnitPool(1, { context, rowKey: new Uint8Array(32), evaluation: [] })
  const said = { code: 'internal', message: expect.stringMatching(/^What waits in \/nowhere was taken away/) }
  await expect(pool.survey({ folder: '/nowhere', unit: 0 })).rejects.toMatchObject(said)
  await pool.close()
})
