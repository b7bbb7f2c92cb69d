import { expect, test } from 'vitest'
import { observeReadable } from '../../src/ai/readable.js'

const observer = (seen: unknown[]) => ({
  chunk: (value: unknown) => void seen.push(value),
  end: () => void seen.push('end'),
  leave: () => void seen.push('leave'),
  fail: (error: unknown) => void seen.push(error),
})

test('backpressure stays: a reader that waits lets the source wait, and a cancel reaches it', async () => {
  const [seen, source]: [unknown[], unknown[]] = [[], []]
  const stream = new ReadableStream(
    {
      pull(controller) {
        source.push('pull')
        controller.enqueue(source.length)
      },
      cancel: (reason) => void source.push(reason),
    },
    { highWaterMark: 0 },
  )
  const observed = observeReadable(stream, observer(seen))
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(source).toEqual([])
  const reader = observed.getReader()
  expect([await reader.read(), await reader.read()]).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
  ])
  await new Promise((resolve) => setTimeout(resolve, 10))
  await reader.cancel('enough')
  expect(source).toEqual(['pull', 'pull', 'enough'])
  expect(seen).toEqual([1, 2, 'leave'])
})

test('the reader gets the source’s own error, and an observer that throws costs it nothing', async () => {
  const broken = new Error('reset')
  const seen: unknown[] = []
  const make = () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue('a')
      },
      pull(controller) {
        controller.error(broken)
      },
    })
  const failing = () => {
    throw new Error('ours')
  }
  for (const told of [observer(seen), { chunk: failing, end: failing, leave: failing, fail: failing }]) {
    const reader = observeReadable(make(), told).getReader()
    expect(await reader.read()).toEqual({ done: false, value: 'a' })
    await expect(reader.read()).rejects.toBe(broken)
  }
  expect(seen).toEqual(['a', broken])
})
