import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bisect } from '../src/bisect.js'

const batch = fc
  .integer({ min: 0, max: 300 })
  .chain((size) => fc.tuple(fc.constant(size), fc.uniqueArray(fc.nat({ max: Math.max(0, size - 1) }))))

describe('bisect', () => {
  it('finds exactly the bad elements and stores each good one exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(batch, async ([size, badIndices]) => {
        const elements = Array.from({ length: size }, (_, k) => k)
        const bad = new Set(size === 0 ? [] : badIndices)
        const stored: number[] = []
        const refused = await bisect(elements, async (part) => {
          const first = part.find((element) => bad.has(element))
          if (first !== undefined) return `bad ${first}`
          stored.push(...part)
          return null
        })
        expect(refused).toEqual([...bad].sort((a, b) => a - b).map((element) => ({ element, error: `bad ${element}` })))
        expect(stored).toEqual(elements.filter((element) => !bad.has(element)))
      }),
    )
  })

  it('finds the same whatever an error names, and stores each good one exactly once', async () => {
    const hint = fc.oneof(fc.constant(null), fc.integer({ min: -2, max: 300 }))
    await fc.assert(
      fc.asyncProperty(batch, fc.array(hint), async ([size, badIndices], hints) => {
        const elements = Array.from({ length: size }, (_, k) => k)
        const bad = new Set(size === 0 ? [] : badIndices)
        const stored: number[] = []
        const attempt = async (part: readonly number[]) => {
          if (part.some((element) => bad.has(element))) return 'bad'
          stored.push(...part)
          return null
        }
        const refused = await bisect(elements, attempt, () => hints.pop() ?? null)
        expect(refused.map(({ element }) => element)).toEqual([...bad].sort((a, b) => a - b))
        expect(stored).toEqual(elements.filter((element) => !bad.has(element)))
      }),
    )
  })

  it('tries four parts for a bad element that its error names, and no more than halves would where most are bad', async () => {
    const attempts = async (isBad: (element: number) => boolean, isNamed: boolean): Promise<number> => {
      let tried = 0
      const attempt = async (part: readonly number[]) => {
        tried++
        return part.some(isBad) ? 'bad' : null
      }
      const elements = Array.from({ length: 1_000 }, (_, k) => k)
      await bisect(elements, attempt, (_, part) => (isNamed ? part.findIndex(isBad) : null))
      return tried
    }
    const isOne = (element: number): boolean => element === 700
    expect(await attempts(isOne, true)).toBe(4)
    expect(await attempts(isOne, false)).toBeGreaterThan(15)
    expect(await attempts(() => true, true)).toBeLessThan((await attempts(() => true, false)) + 20)
  })

  it('forms the same parts on a redo', async () => {
    const parts = async () => {
      const ranges: string[] = []
      await bisect(
        Array.from({ length: 100 }, (_, k) => k),
        async (part) => {
          ranges.push(`${part[0]}-${part.at(-1)}`)
          return part.includes(37) || part.includes(80) ? 'bad' : null
        },
      )
      return ranges
    }
    const first = await parts()
    expect(first[0]).toBe('0-99')
    expect(first.length).toBeLessThan(30)
    expect(await parts()).toEqual(first)
  })

  it('stops at a rejection: that part was neither stored nor refused', async () => {
    const inserts: number[] = []
    const run = bisect([1, 2, 3, 4], async (part) => {
      inserts.push(part.length)
      throw new Error('the store is away')
    })
    await expect(run).rejects.toThrow('the store is away')
    expect(inserts).toEqual([4])
  })
})
