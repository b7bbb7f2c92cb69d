import { describe, expect, it } from 'vitest'
import { createTurns } from '../src/index.js'

/** Something that ends when it is told to. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('turns by key', () => {
  it('begin one after the other, in the order in which they were asked for, whatever became of those before', async () => {
    const { inTurn } = createTurns()
    const begun: string[] = []
    const first = gate()
    const work = (name: string, wait: Promise<void>, error?: Error): Promise<string> =>
      inTurn('one', async () => {
        begun.push(name)
        await wait
        if (error !== undefined) throw error
        return name
      })
    const failing = work('first', first.opened, new Error('broke'))
    const others = [work('second', Promise.resolve()), work('third', Promise.resolve())]
    await Promise.resolve()
    await Promise.resolve()
    expect(begun).toEqual(['first'])
    first.open()
    await expect(failing).rejects.toThrow('broke')
    expect(await Promise.all(others)).toEqual(['second', 'third'])
    expect(begun).toEqual(['first', 'second', 'third'])
  })

  it('of other keys go on beside them, and all are waited for in the end', async () => {
    const { inTurn, ended } = createTurns()
    const held = gate()
    let isEnded = false
    const slow = inTurn('one', () => held.opened)
    expect(await inTurn('two', async () => 'beside')).toBe('beside')
    const all = ended().then(() => {
      isEnded = true
    })
    await Promise.resolve()
    expect(isEnded).toBe(false)
    held.open()
    await all
    await slow
    expect(isEnded).toBe(true)
  })
})
