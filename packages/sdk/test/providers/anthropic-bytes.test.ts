import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mappings } from '../../src/providers/anthropic.js'
import { readEvents } from '../../src/providers/sse.js'
import { fixtureText, messageFrames } from '../support/anthropic-stub.js'

/** The bytes cut at these places. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const borders = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return borders.slice(1).map((border, index) => bytes.subarray(borders[index], border))
}
const hold = () => ({ type: 'blob', sha256: '', bytes: 0, media_type: '' }) as const

test('a stream read as bytes is what it is read as events, wherever the bytes are cut', () => {
  for (const name of ['stream-text.sse', 'stream-tools.sse', 'stream-thinking.sse']) {
    const text = fixtureText('anthropic', name).replaceAll('Hel', 'Hél€😀')
    const byEvents = mappings['messages']!.accumulator()
    for (const frame of messageFrames(name)) {
      byEvents.add(JSON.parse(frame.replaceAll('Hel', 'Hél€😀').slice(frame.indexOf('data: ') + 6)))
    }
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), fc.boolean(), (places, isCarriage) => {
        const bytes = new TextEncoder().encode(isCarriage ? text.replaceAll('\n', '\r\n') : text)
        const byBytes = mappings['messages']!.accumulator()
        for (const piece of cutAt(bytes, places)) byBytes.add(piece)
        expect(byBytes.isComplete()).toBe(true)
        expect(byBytes.fields(hold)).toEqual(byEvents.fields(hold))
      }),
      { numRuns: 60 },
    )
  }
})

test('data on several lines, without a space, comments and what is no JSON', () => {
  const seen: unknown[] = []
  const read = readEvents((data) => seen.push(data))
  read(
    new TextEncoder().encode(
      ': hello\n\ndata:{"a":\ndata: 1}\n\ndata: [DONE]\n\nevent: x\nid: 3\n\ndata: 2\n\ndata: 3',
    ),
  )
  expect(seen).toEqual([{ a: 1 }, 2])
})
