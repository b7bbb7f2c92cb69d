import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault, System } from './faults.js'
import type { Server } from './server.js'

/** The same batch five times from each of four clients, sometimes while what takes it is killed. */
export function repeatBatch<Kind extends System>(collectorOf: (system: Kind) => Server): Fault<Kind> {
  return {
    name: 'repeat',
    async strike({ load, system, random }) {
      const { client: first, maker } = load.client('first')
      const batch = maker.batch()
      await first.deliver(batch, { mayAbandon: false })
      const others = ['second', 'third', 'fourth'].map((name) => load.client(name).client)
      const isKilled = random.chance(0.5)
      const sending = [first, ...others].map(async (client, at) => {
        for (let time = at === 0 ? 1 : 0; time < 5; time++) await client.repeat(batch)
      })
      if (isKilled) {
        await sleep(20)
        await collectorOf(system).kill()
        await system.up()
      }
      await Promise.all(sending)
      return `the same ${batch.events.length} events five times from each of four clients${isKilled ? ', with a kill -9' : ''}`
    },
  }
}
