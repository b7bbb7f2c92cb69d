import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@flywheel/runtime'
import { type Standalone, type StandaloneOptions, startStandalone } from '../src/index.js'

/** A folder of its own for one test. */
export async function makeFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'flywheel-standalone-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** A server on a free port. */
export function start(dataDir: string, more: Partial<StandaloneOptions> = {}): Promise<Standalone> {
  return startStandalone({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    exportTimezone: 'UTC',
    logLevel: 'silent',
    logger: createLogger('test', { level: 'silent' }),
    ...more,
  })
}

/** A request with a key; the body parsed. */
export async function ask<Body = Record<string, unknown>>(
  url: string,
  key: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Body }> {
  const response = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Body }
}

/** Waits until the log has nothing that is not stored. */
export async function drained(url: string, key: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const { body } = await ask<{ backlog: { records: number } }>(url, key, '/v1/health')
    if (body.backlog.records === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the log did not drain')
}
