import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { inThisThread } from '../src/unit-pool.js'
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
  for (let unit = 0; unit < 10; unit++) await work.judge({ folder: '', unit }, [], {} as never, false)
  clearInterval(timer)
  expect(turns.length - before).toBeGreaterThanOrEqual(15)
})
