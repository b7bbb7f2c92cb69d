import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { type Batch, createEventMaker } from '../src/events.js'
import { createRandom } from '../src/random.js'

const plain = ({ bytes, encoding }: Batch): string =>
  Buffer.from(encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString()
const batchesOf = (seed: string): Batch[] => {
  const maker = createEventMaker(createRandom(seed), 1)
  return Array.from({ length: 60 }, () => maker.batch())
}

it('a seed decides all of the traffic but its ids', () => {
  const shapes = (seed: string) =>
    batchesOf(seed).map((batch) => ({
      encoding: batch.encoding,
      events: batch.events.map(({ type, planted, text }) => ({ type, planted, bytes: text.length })),
    }))
  expect(shapes('one')).toEqual(shapes('one'))
  expect(shapes('one')).not.toEqual(shapes('two'))
})

it('traffic has all types, both encodings, large events, poison and invalid lines', () => {
  const batches = batchesOf('b')
  const events = batches.flatMap((batch) => batch.events)
  expect(new Set(events.map(({ type }) => type)).size).toBe(4)
  expect(new Set(batches.map(({ encoding }) => encoding)).size).toBe(2)
  expect(new Set(events.map(({ planted }) => planted))).toEqual(new Set([null, 'poison', 'invalid']))
  expect(Math.max(...events.map(({ text }) => text.length))).toBeGreaterThan(500_000)
  for (const batch of batches) expect(plain(batch).trimEnd().split('\n')).toEqual(batch.events.map(({ text }) => text))
})

it('every event of a subject holds the canary', () => {
  const { events } = createEventMaker(createRandom('subject'), 1).subject('someone', 'the canary')
  expect(events.length).toBeGreaterThan(4)
  for (const { text } of events) expect(text).toContain('the canary')
})
