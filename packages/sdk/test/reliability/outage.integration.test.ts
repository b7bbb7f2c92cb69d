import { expect, test } from 'vitest'
import { outage } from '../../bench/outage.js'

test('calls at 150 a second through an outage of the collector: all arrive without a flush, none twice', async () => {
  const { delivered, twice, failedCalls, stats } = await outage({ calls: 200, perSecond: 150, outageMs: 1500 })
  expect({ delivered, twice, failedCalls }).toEqual({ delivered: 200, twice: 0, failedCalls: 0 })
  expect(stats).toMatchObject({ created: 200, sent: 200, pending: 0, dropped: {}, rejected: {} })
})
