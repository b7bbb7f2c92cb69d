import { describe, expect, it } from 'vitest'
import { committedOf, metadataOf } from '../../src/kafka/boundary-metadata.js'

describe('what stands beside a committed offset', () => {
  it('carries a proposal there and back', () => {
    const proposed = { first: 12, last: 40 }
    expect(committedOf('12', metadataOf(proposed))).toEqual({ offset: 12, proposed })
    expect(committedOf('41', metadataOf(null))).toEqual({ offset: 41, proposed: null })
  })

  it('is nothing before the first commit', () => {
    expect(committedOf('-1', '')).toEqual({ offset: null, proposed: null })
  })

  it('is no proposal if it is of another origin', () => {
    for (const metadata of ['', null, undefined, 'by hand', '{"proposed_last":3}', '{"proposed_last":"40"}', '[]']) {
      expect(committedOf('12', metadata)).toEqual({ offset: 12, proposed: null })
    }
  })
})
