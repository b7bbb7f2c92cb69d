import { expect, test } from 'vitest'
import { createPause } from '../src/pause.js'

const gate = () => {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a pause begins after the batches under way, and no batch begins before its end', async () => {
  const pause = createPause()
  const running = gate()
  const order: string[] = []
  const first = pause.pass(() => running.opened.then(() => void order.push('first')))
  const begun = pause.begin().then((end) => {
    order.push('paused')
    return end
  })
  const second = pause.pass(async () => void order.push('second'))
  await turn()
  expect(order).toEqual([])
  running.open()
  const end = await begun
  await first
  await turn()
  expect(order).toEqual(['first', 'paused'])
  end()
  end()
  await second
  expect(order).toEqual(['first', 'paused', 'second'])
})

test('two pauses end with the later one, and a batch that fails ends as any other', async () => {
  const pause = createPause()
  await expect(pause.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  const [one, other] = [await pause.begin(), await pause.begin()]
  let isRun = false
  const batch = pause.pass(async () => {
    isRun = true
  })
  one()
  await turn()
  expect(isRun).toBe(false)
  other()
  await batch
  expect(isRun).toBe(true)
})
