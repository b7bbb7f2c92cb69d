/** 550 calls at 150 a second while nothing listens at the collector for 5 s: how many arrive, and how many twice. */
import { outage } from './outage.js'

const SHORT = process.argv.includes('--short')
const parameters = SHORT
  ? { calls: 150, perSecond: 150, outageMs: 1000 }
  : { calls: 550, perSecond: 150, outageMs: 5000 }
const { delivered, twice, failedCalls, stats, caughtUpMs } = await outage(parameters)
console.log(
  JSON.stringify({
    name: 'sdk through an outage',
    delivered,
    twice,
    failedCalls,
    caught_up_ms: caughtUpMs,
    stats,
    parameters,
  }),
)
if (delivered !== parameters.calls || twice > 0 || failedCalls > 0) {
  throw new Error(`${delivered} of ${parameters.calls} arrived, ${twice} of them twice, ${failedCalls} calls failed`)
}
