import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '../src/index.js'

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65535).default(8787),
  FLYWHEEL_SECRET: z.string().min(32),
  LOG_LEVEL: z.enum(['info', 'debug']).default('info'),
})

describe('loadConfig', () => {
  test('reads known names, applies defaults, takes an empty variable as absent and ignores the rest', () => {
    const env = { FLYWHEEL_SECRET: 's'.repeat(32), PORT: '', LOG_LEVEL: 'debug', HOME: '/root' }
    expect(loadConfig(schema, env)).toEqual({ PORT: 8787, FLYWHEEL_SECRET: 's'.repeat(32), LOG_LEVEL: 'debug' })
  })

  test('reports every error at once in a table, and never the value of a secret', () => {
    const env = { FLYWHEEL_SECRET: 'hunter2', PORT: 'eighty', LOG_LEVEL: 'loud' }
    let message = ''
    try {
      loadConfig(schema, env, { FLYWHEEL_SECRET: 'openssl rand -hex 32' })
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_config', isRetryable: false })
      message = (error as Error).message
    }
    const lines = message.split('\n')
    expect(lines).toHaveLength(5)
    expect(lines[0]).toBe('The configuration has 3 problems:')
    expect(lines[1]).toMatch(/name +value +problem +next step/)
    expect(lines[2]).toMatch(/PORT +eighty .*correct PORT/)
    expect(lines[3]).toMatch(/FLYWHEEL_SECRET +\(hidden\) .*openssl rand -hex 32/)
    expect(lines[4]).toMatch(/LOG_LEVEL +loud .*info/)
    expect(message).not.toContain('hunter2')
  })
})
