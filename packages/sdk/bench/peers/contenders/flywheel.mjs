import { createFlywheel } from '@flywheel/sdk'

export const packages = ['@flywheel/sdk']

export function start({ OpenAI, sink }) {
  const flywheel = createFlywheel({ url: sink, apiKey: 'fw_sk_bench', consent: { train: 'granted' } })
  return {
    client: (options) => flywheel.wrap(new OpenAI(options)),
    flush: () => flywheel.flush(20_000),
    /** Events created, dropped and waiting, by the SDK's own counters. */
    counters: () => flywheel.stats(),
  }
}
