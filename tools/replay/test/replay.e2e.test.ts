import { expect, it } from 'vitest'
import { hasData } from '../src/data.js'
import { DEFAULT_THRESHOLDS, measure } from '../src/measure.js'

if (!hasData()) console.info('replay: ../shared/data is absent, so nothing is replayed')

it.skipIf(!hasData())(
  'labels agree with people: the heavier half of the edits beats the lighter, and each half holds its prior',
  async () => {
    const { edits, thumbs, unpaired, leaking, data, rows } = await measure(1, [DEFAULT_THRESHOLDS])
    expect(rows['edit.final (preference)']).toBeGreaterThan(data.edits * 0.9)
    expect(edits.heavier.accuracy).toBeGreaterThan(edits.lighter.accuracy!)
    for (const half of [edits.lighter, edits.heavier]) {
      expect(half.low).toBeLessThanOrEqual(half.prior!)
      expect(half.high).toBeGreaterThanOrEqual(half.prior!)
    }
    // The bar that the defaults were set by; docs/measured.md has the whole curve.
    expect(thumbs[0]!.accuracy.accuracy).toBeGreaterThanOrEqual(0.7)
    expect(thumbs[0]!.coverage).toBeGreaterThanOrEqual(0.18)
    expect(thumbs[0]!.siblings.accuracy).toBeGreaterThanOrEqual(0.7)
    expect(thumbs[0]!.siblings_coverage).toBeGreaterThanOrEqual(0.18)
    // A row of a reply was judged as its pairs of siblings were: no more of them, and of the same trees.
    expect(thumbs[0]!.accuracy.judged).toBeLessThan(thumbs[0]!.siblings.judged)
    expect(unpaired.pairs).toBe(rows['thumbs.unpaired (unpaired)'])
    expect(unpaired.low).toBeLessThanOrEqual(unpaired.prior!)
    expect(leaking).toBe(0)
  },
  180_000,
)
