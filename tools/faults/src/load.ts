import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient, createTally, type Tally } from './client.js'
import { createEventMaker, type EventMaker } from './events.js'
import type { Journal } from './journal.js'
import type { Random } from './random.js'

export interface LoadOptions {
  url: () => string
  key: string
  round: number
  clients: number
  journal: Journal
  random: Random
}

/** Traffic under way. */
export interface Load {
  tally: Tally
  /** One more client, for a fault that sends something of its own. */
  client(name: string): { client: Client; maker: EventMaker }
  /** Ends when every body under way was answered, and every counter is in the log. */
  stop(): Promise<void>
}

export function startLoad({ url, key, round, clients, journal, random }: LoadOptions): Load {
  const tally = createTally()
  let isOver = false
  const closing: (() => Promise<void>)[] = []

  function join(name: string): { client: Client; maker: EventMaker; own: Random } {
    const own = random.fork(name)
    const maker = createEventMaker(own, round)
    const client = createClient({ name: `round-${round}-${name}`, url, key, round, journal, random: own, tally })
    // The counters of a client travel with its requests: the last ones need one more.
    closing.push(() => client.deliver(maker.closing(), { mayAbandon: false }))
    return { client, maker, own }
  }

  const working = Array.from({ length: clients }, (_, at) => join(`client${at}`)).map(
    async ({ client, maker, own }) => {
      while (!isOver) {
        await client.deliver(maker.batch())
        await sleep(own.integer(5, 120))
      }
    },
  )
  return {
    tally,
    client: join,
    async stop() {
      isOver = true
      await Promise.all(working)
      await Promise.all(closing.map((close) => close()))
    },
  }
}
