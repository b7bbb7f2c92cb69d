import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalLogOptions, openLocalLog } from '@flywheel/event-log'
import { describe, expect, test } from 'vitest'
import { directoryOf, interaction, makeKey, ndjson, startCollector } from './harness.js'

const key = makeKey('sk')
/** Random text, so that nothing makes it smaller. */
const big = () => ndjson(interaction({ user_id: Array.from({ length: 20_000 }, () => Math.random()).join('') }))

async function withLog(
  options: Omit<LocalLogOptions, 'path'>,
  run: (send: () => Promise<Response>, log: Awaited<ReturnType<typeof openLocalLog>>) => Promise<void>,
): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'flywheel-full-'))
  const log = await openLocalLog({ path, ...options })
  const collector = await startCollector({ keys: directoryOf([key]), log })
  try {
    await run(() => collector.send(big(), key.bearer), log)
  } finally {
    await collector.stop()
    await log.close()
    rmSync(path, { recursive: true, force: true })
  }
}

test('a data directory that vanishes is 503, and the reason is in the log: no event goes into files without a name', async () => {
  const path = mkdtempSync(join(tmpdir(), 'flywheel-gone-'))
  const log = await openLocalLog({ path })
  const collector = await startCollector({ keys: directoryOf([key]), log })
  const send = () => collector.send(ndjson(interaction()), key.bearer)
  expect((await send()).status).toBe(202)
  rmSync(path, { recursive: true })
  await expect.poll(async () => (await send()).status).toBe(503)
  mkdirSync(path)
  await new Promise((resolve) => setTimeout(resolve, 600))
  const refused = await send()
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, 'log_unavailable'])
  const said = collector.logged.filter((line) => line.includes('request failed'))
  expect(said).toHaveLength(1)
  expect(said[0]).toContain(`no such file or directory, scandir '${path}'`)
  expect(collector.readyz()).toBe('the last append failed')
  await collector.stop()
  await log.close().catch(() => {})
  rmSync(path, { recursive: true, force: true })
})

async function expectFull(response: Response): Promise<void> {
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('5')
  expect(await response.json()).toMatchObject({ code: 'backlog_full' })
}

describe('a log without room', () => {
  test('is 503 with Retry-After until the sink has committed, and then 202 again', () =>
    withLog({ max_bytes: 1024 * 1024 }, async (send, log) => {
      let accepted = 0
      let response = await send()
      for (; response.status === 202 && accepted < 10; response = await send()) accepted++
      expect(accepted).toBeGreaterThan(0)
      await expectFull(response)
      await expectFull(await send())

      let committed = 0
      const consumer = await log.consume('sink', async ({ assignment, first, last }) => {
        await assignment.propose({ first, last })
        await assignment.commit(last)
        committed = last + 1
      })
      while (committed < accepted) await new Promise((resolve) => setTimeout(resolve, 5))
      await consumer.stop()
      expect((await send()).status).toBe(202)
    }))

  test('is 503 while the disk has less free than must stay free', () =>
    withLog({ min_free_bytes: Number.MAX_SAFE_INTEGER }, async (send) => expectFull(await send())))
})
