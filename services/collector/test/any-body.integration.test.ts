import { gzipSync } from 'node:zlib'
import { splitLines } from '@flywheel/schema'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  acceptedLines,
  consent,
  directoryOf,
  interaction,
  makeKey,
  newId,
  startCollector,
  type TestCollector,
  thumb,
} from './harness.js'

const secret = makeKey('sk')
let collector: TestCollector

beforeAll(async () => {
  collector = await startCollector({ keys: directoryOf([secret]) })
})
afterAll(() => collector.stop())

type Kind = 'good' | 'bad' | 'blank'
const line = (kind: Kind, make: () => string | Buffer) => fc.constant({ kind, make })
const anyLine = fc.oneof(
  line('good', () => JSON.stringify(interaction())),
  line('good', () => ` ${JSON.stringify(consent())} `),
  line('good', () => JSON.stringify(thumb({ target_kind: 'turn', target: newId(), choice: 0 }))),
  line('good', () => JSON.stringify(thumb({ target_kind: 'turn', target: newId() })).replace('{', '{"choice":2e0,')),
  line('good', () => JSON.stringify(thumb({ ticket: secret.ticket() }))),
  line('bad', () => '{"type":"interaction"'),
  line('bad', () => JSON.stringify(interaction({ status: 'fine' }))),
  line('bad', () => JSON.stringify(thumb({ ticket: 'fwt1.a.b' }))),
  line('bad', () => Buffer.from([0x7b, 0xff, 0x7d])),
  line('bad', () => '"text"'),
  line('blank', () => ''),
  line('blank', () => ' \t '),
)

test('accepted + rejected + blank = lines, and the header’s lines are those that are not skipped', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyLine, { minLength: 1, maxLength: 30 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.boolean(),
      async (lines, lineEnd, endsWithLineEnd, isGzip) => {
        const pieces = lines.flatMap(({ make }) => [Buffer.from(make() as string), Buffer.from(lineEnd)])
        const bytes = Buffer.concat(endsWithLineEnd ? pieces : pieces.slice(0, -1))
        const before = collector.records.length
        const response = isGzip
          ? await collector.send(gzipSync(bytes), { ...secret.bearer, 'content-encoding': 'gzip' })
          : await collector.send(bytes, secret.bearer)
        const count = (kind: Kind) => lines.filter((one) => one.kind === kind).length
        const answer = (await response.json()) as { accepted?: number; rejected: { line: number }[] }
        expect(answer.rejected.map((rejected) => rejected.line)).toEqual(
          lines.flatMap(({ kind }, at) => (kind === 'bad' ? [at] : [])),
        )
        if (count('good') === 0) {
          expect([400, 422]).toContain(response.status)
          expect(collector.records.length).toBe(before)
          return
        }
        expect(response.status).toBe(202)
        expect(answer.accepted).toBe(count('good'))
        const record = collector.records.at(-1) as NonNullable<(typeof collector.records)[number]>
        expect(record.header.rejected).toBe(count('bad'))
        const ids = acceptedLines(record).map((text) => JSON.parse(text).id)
        expect(record.header.lines.map(({ id }) => id)).toEqual(ids)
        // Every line is accounted for; a last blank line without its line end is no line.
        const total = [...splitLines(bytes)].length
        expect(record.header.lines.length + record.header.skip.length).toBe(total)
      },
    ),
    { numRuns: 150 },
  )
})
