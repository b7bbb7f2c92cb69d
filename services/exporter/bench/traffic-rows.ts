import { repeatsOf, trafficBlock } from './traffic/traffic.js'

/** Which blocks of a store of how many interactions are asked for. */
export interface BlocksAsked {
  from: number
  to: number
  size: number
}

/** NDJSON of these blocks, by table; `repeats` are rows that came a second time. */
export interface BlocksMade {
  interactions: Uint8Array
  feedback: Uint8Array
  links: Uint8Array
  repeats: { interactions: Uint8Array; feedback: Uint8Array }
}

const lines = (rows: readonly object[]): Buffer => Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'))

// A child of `fill-store.ts`: made traffic costs as much CPU as its insertion, and so has a core of its own.
process.on('message', ({ from, to, size }: BlocksAsked) => {
  const blocks = Array.from({ length: to - from }, (_, i) => trafficBlock(from + i, size))
  const repeats = blocks.map(repeatsOf)
  process.send?.({
    interactions: lines(blocks.flatMap(({ interactions }) => interactions)),
    feedback: lines(blocks.flatMap(({ feedback }) => feedback)),
    links: lines(blocks.flatMap(({ links }) => links)),
    repeats: {
      interactions: lines(repeats.flatMap(({ interactions }) => interactions)),
      feedback: lines(repeats.flatMap(({ feedback }) => feedback)),
    },
  } satisfies BlocksMade)
})
