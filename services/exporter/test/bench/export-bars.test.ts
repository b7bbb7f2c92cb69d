import { describe, expect, it } from 'vitest'
import { barsOf, type ExportFigures, markdownOf } from '../../bench/export-bars.js'
import type { ExportTaken } from '../../bench/export-once.js'

function taken(seconds: number, most: number, near: number | null = seconds / 10): ExportTaken {
  return {
    seconds,
    cpu_seconds: seconds,
    stages: {},
    near_duplicates_seconds: near,
    rss_bytes: { before: 2e8, most },
    summary: {
      export_id: 'e',
      dir: '',
      pairs: 1,
      unpaired: 2,
      supervised: 3,
      funnel: [{ gate: 'snapshot', in: 100_000, out: 6, dropped: {} }],
      manifest_path: '',
      first_row: null,
      reused: false,
    },
    strategies: { 'edit.final': { candidates: 9, kept: 5 } },
    superseded: 4,
  }
}

const fast: ExportFigures = {
  interactions: 200_000,
  stream: { seconds: 5, bytes: 1e9 },
  full: taken(10, 9e8),
  delta: taken(0.9, 5e8),
  near: { own: 6000, datasketch: 900, datasketch_two_processes: 1700 },
}
const met = (figures: ExportFigures): (boolean | null)[] => barsOf(figures).map(({ isMet }) => isMet)

describe('barsOf', () => {
  it('holds each figure against its bar', () => {
    expect(met(fast)).toEqual([true, true, true, true, true])
    const slow = { ...fast, full: taken(40, 11e8), delta: taken(5, 5e8), near: { ...fast.near!, own: 5000 } }
    expect(met(slow)).toEqual([false, false, false, false, false])
  })

  it('takes the faster of both peers, and half of the engine for 20,000 a second', () => {
    const [rest, near] = barsOf(fast)
    expect(near?.measured).toContain('3.53 x')
    // 100,000 candidates in the 9 s beside the gate, against 20,000 a second of the engine alone.
    expect(rest?.measured).toBe('11111 a second, 0.556 of the engine')
    expect(met({ ...fast, stream: { seconds: 1, bytes: 1 } })[0]).toBe(false)
  })

  it('calls nothing met that was not measured', () => {
    const unknown = { ...fast, full: taken(10, 9e8, null), near: null }
    expect(met(unknown)).toEqual([null, null, true, true, true])
    expect(met({ ...fast, near: { own: 6000, datasketch: null, datasketch_two_processes: null } })[1]).toBe(null)
    expect(markdownOf(unknown, { commit: 'c', cpu: 'x', node: '20' })).toContain('| not measured |')
  })

  it('calls nothing met of a store that is smaller than the promise', () => {
    const verdicts = (figures: ExportFigures): (string | undefined)[] =>
      markdownOf(figures, { commit: 'c', cpu: 'x', node: '20' })
        .split('\n')
        .slice(2, 7)
        .map((line) => line.split(' | ').at(-1))
    const small = 'met at 200000 interactions |'
    expect(verdicts(fast)).toEqual([small, 'met |', small, small, small])
    expect(verdicts({ ...fast, interactions: 1_000_000 })).toEqual(Array(5).fill('met |'))
  })

  it('prints beside the bars what the store was made of', () => {
    const table = markdownOf(fast, { commit: 'c', cpu: '2 x CPU', node: '20' })
    expect(table).toContain('200000 interactions and 60000 pieces of feedback: 100000 candidates, 1 pairs')
    expect(table).toContain('The delta has 6 rows and takes 4 back.')
    expect(table).toContain('edit.final 9, 5.')
  })
})
