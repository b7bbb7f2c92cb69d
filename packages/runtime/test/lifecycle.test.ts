import { describe, expect, test } from 'vitest'
import { createLifecycle, createLogger } from '../src/index.js'

describe('lifecycle', () => {
  test('stops in reverse order, once, and goes on after a step that failed or hangs', async () => {
    const order: string[] = []
    const lifecycle = createLifecycle({ deadline_ms: 50 })
    lifecycle.onShutdown('store', () => void order.push('store'))
    lifecycle.onShutdown('sink', () => new Promise(() => order.push('sink')))
    lifecycle.onShutdown('api', () => Promise.reject(new Error('stuck')))
    lifecycle.onShutdown('collector', async () => void order.push('collector'))
    const [first, second] = await Promise.all([lifecycle.shutdown(), lifecycle.shutdown()])
    expect(order).toEqual(['collector', 'sink', 'store'])
    expect(first.slice(0, 2)).toEqual(['api', 'sink'])
    expect(second).toBe(first)
  })
})

describe('logger', () => {
  test('writes one JSON object a line with causes and without the own fields of an error', () => {
    const lines: string[] = []
    const logger = createLogger('collector', { stream: { write: (line) => void lines.push(line) } })
    const cause = Object.assign(new Error('disk full'), { code: 'ENOSPC', request: 'the text of a person' })
    logger.error({ error: new Error('append failed', { cause }), count: 3 }, 'append failed')
    logger.debug('not shown')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      level: 'error',
      'service.name': 'collector',
      msg: 'append failed',
      count: 3,
      error: { message: 'append failed', cause: { message: 'disk full', code: 'ENOSPC' } },
    })
    expect(lines[0]).not.toContain('the text of a person')
  })
})
