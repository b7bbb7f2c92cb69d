import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { lineHash, readLines } from '../src/record-lines.js'
import { line, positioned, record } from './support.js'

const a = line('interaction')
const b = line('feedback')

describe('readLines', () => {
  it.each(['identity', 'gzip'] as const)('reads the accepted lines of a body (%s)', async (encoding) => {
    const { lines, problem } = await readLines(positioned(0, record([a, b], { encoding })))
    expect(problem).toBeNull()
    expect(lines.map(({ line: index, type, id, hash }) => ({ index, type, id, hash }))).toEqual([
      { index: 0, type: 'interaction', id: a.meta.id, hash: lineHash(Buffer.from(a.text)) },
      { index: 1, type: 'feedback', id: b.meta.id, hash: lineHash(Buffer.from(b.text)) },
    ])
    expect(Buffer.from(lines[1]!.bytes).toString()).toBe(b.text)
  })

  it('leaves out skipped lines and keeps the others at their place in the body', async () => {
    const text = `\n${a.text}\nbroken\n${b.text}`
    const one = { ...record([a, b], { skip: [0, 2], rejected: 1 }), body: Buffer.from(text) }
    const { lines, problem } = await readLines(positioned(0, one))
    expect(problem).toBeNull()
    expect(lines.map(({ line: index, id }) => [index, id])).toEqual([
      [1, a.meta.id],
      [3, b.meta.id],
    ])
  })

  it('stops inflating at the size that the header names', async () => {
    const bomb = { ...record([a], { encoding: 'gzip', inflated_bytes: 100 }), body: gzipSync(Buffer.alloc(50_000_000)) }
    const { lines, problem } = await readLines(positioned(0, bomb))
    expect(problem).toContain('100 bytes')
    expect(lines).toMatchObject([{ id: a.meta.id }])
  })

  it('keeps every accepted line of a body that does not match its header', async () => {
    const short = { ...record([a, b]), body: Buffer.from(a.text) }
    const { lines, problem } = await readLines(positioned(0, short))
    expect(problem).toContain('describes 2 lines and the body has 1')
    expect(lines.map(({ id }) => id)).toEqual([a.meta.id, b.meta.id])
  })

  it('hashes as the first 8 bytes of SHA-256', () => {
    expect(lineHash(Buffer.from('abc'))).toBe('ba7816bf8f01cfea')
  })
})
