import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerFields, SPLICED_FIELDS, sourceOf, splice } from '../src/splice.js'
import { line, record } from './support.js'

const position = { log_id: 'log1', partition: 2, offset: 41 }
const { header } = record([line('interaction')], { project_id: 'p"\\é' })
const fields = headerFields(header, position, 3, { type: 'feedback', trust: 'ticket' })
const spliced = (text: string) => {
  const pieces = splice(Buffer.from(text), fields)
  return pieces && Buffer.concat(pieces)
}
const isServerName = (key: string) => (SPLICED_FIELDS as readonly string[]).includes(key)
const object = fc
  .dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue())
  .filter((event) => !Object.keys(event).some((key) => isServerName(key) || key === '__proto__'))
const whiteSpace = fc.stringMatching(/^[ \t\r]{0,4}$/)

describe('splice', () => {
  it('adds the six fields of the record and changes nothing else', () => {
    const expected = {
      project_id: 'p"\\é',
      received_at: header.received_at,
      trust: 'ticket',
      source: 'log1/2:41/3',
      body_until: header.body_until,
      row_until: header.row_until,
    }
    fc.assert(
      fc.property(object, whiteSpace, whiteSpace, whiteSpace, (event, before, inside, after) => {
        const text = `${before}{${inside}${JSON.stringify(event).slice(1)}${after}`
        const row = JSON.parse(spliced(text)!.toString()) as Record<string, unknown>
        const { project_id, received_at, trust, source, body_until, row_until, ...rest } = row
        expect({ project_id, received_at, trust, source, body_until, row_until }).toEqual(expected)
        expect(rest).toEqual(JSON.parse(JSON.stringify(event)))
      }),
    )
  })

  it('keeps every byte after the opening brace, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const original = Buffer.concat([Buffer.from('{'), bytes, Buffer.from('}')])
        const pieces = splice(original, fields)!
        expect(Buffer.from(pieces[1])).toEqual(original.subarray(1))
      }),
    )
  })

  it('writes the same bytes on every attempt', () => {
    const again = headerFields(structuredClone(header), { ...position }, 3, { type: 'feedback', trust: 'ticket' })
    expect(Buffer.from(again)).toEqual(Buffer.from(fields))
  })

  it('keeps numbers that JSON.parse would change', () => {
    expect(spliced('{"n":9007199254740993,"d":1.10}')!.toString()).toMatch(/,"n":9007199254740993,"d":1\.10}$/)
  })

  it('writes no comma into an empty object', () => {
    for (const empty of ['{}', ' {} ', '{ \t}\r']) {
      expect(Object.keys(JSON.parse(spliced(empty)!.toString()))).toEqual([...SPLICED_FIELDS])
    }
  })

  it('refuses what could reach into a neighbour', () => {
    for (const text of ['', '[1]', '"a"', 'null', ',{}', '{"a":[{"b":1},', '{"a":"', '{"a":1', ']}', '}{"a":1}x']) {
      expect(spliced(text)).toBeNull()
    }
  })

  it('names the source by log, partition, offset and line', () => {
    expect(sourceOf(position, 0)).toBe('log1/2:41/0')
  })
})
