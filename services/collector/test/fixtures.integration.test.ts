import { readdirSync, readFileSync } from 'node:fs'
import { decodeHeader, encodeHeader, type LogRecord } from '@flywheel/schema'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceptedLines, directoryOf, makeKey, startCollector, type TestCollector } from './harness.js'

const folder = new URL('../../../packages/schema/fixtures/v1/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.ndjson') && !name.endsWith('.expected.ndjson'))
// The time that the fixtures' expectations are for.
const now = Date.parse('2026-06-01T00:00:00.000Z')
const secret = makeKey('sk')
const records: LogRecord[] = []
let collector: TestCollector

interface Expected {
  ok: boolean
  id: string | null
  code?: string
  rewritten?: string
}

beforeAll(async () => {
  collector = await startCollector({
    keys: directoryOf([secret]),
    now: () => now,
    log: {
      append: async (record) => {
        records.push(record)
        return { log_id: 'log', partition: 0, offset: 0 }
      },
    },
  })
})
afterAll(() => collector.stop())

describe('every body of version 1', () => {
  test('there are some', () => {
    expect(names.length).toBeGreaterThan(3)
  })

  test.each(names)(
    '%s is answered as its expectation says, and what is accepted is stored as it says',
    async (name) => {
      // The tickets of the fixtures are of no key; a real one takes their place.
      const ticket = secret.ticket({ e: now / 1000 + 60 })
      const text = readFileSync(new URL(name, folder), 'utf8').replace(/"fwt1\.[^"]+"/g, JSON.stringify(ticket))
      const lines = text.trimEnd().split('\n')
      const expected = readFileSync(new URL(name.replace('.ndjson', '.expected.ndjson'), folder), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Expected)
      expect(expected).toHaveLength(lines.length)

      const response = await collector.send(text, secret.bearer)
      const answer = (await response.json()) as { rejected: { line: number; id: string | null; code: string }[] }
      expect(answer.rejected.map(({ line, id, code }) => ({ line, id, code }))).toEqual(
        expected.flatMap(({ ok, id, code }, line) => (ok ? [] : [{ line, id, code }])),
      )
      const accepted = expected.flatMap((one, line) => (one.ok ? [{ ...one, text: lines[line] as string }] : []))
      if (accepted.length === 0) {
        expect(response.status).toBe(422)
        return
      }
      expect(response.status).toBe(202)
      const record = records.at(-1) as LogRecord
      expect(decodeHeader(encodeHeader(record.header))).toEqual(record.header)
      expect(record.header.lines.map(({ id }) => id)).toEqual(accepted.map(({ id }) => id))
      const stored = acceptedLines(record)
      for (const [at, { text: sent, rewritten }] of accepted.entries()) {
        if (sent.includes('"ticket"')) expect(JSON.parse(stored[at] as string)).toMatchObject({ target_kind: 'turn' })
        else expect(stored[at]).toBe(rewritten ?? sent)
      }
    },
  )
})
