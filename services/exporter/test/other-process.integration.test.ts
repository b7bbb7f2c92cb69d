import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ExportSummary } from '../src/index.js'
import { filesOf, store, WATERMARK } from './support.js'

const child = fileURLToPath(new URL('./child.ts', import.meta.url))

describe('exports of other processes', () => {
  let path: string
  let outDir: string
  let remove: () => Promise<void>

  beforeAll(async () => {
    const opened = await store()
    path = opened.path
    outDir = opened.outDir
    remove = opened.remove
    // One process owns a store: hand it over to the children.
    await opened.db.close()
  })
  afterAll(() => remove())

  async function run(name: string, where: string, env: Record<string, string>): Promise<string> {
    const args = ['--conditions=@flywheel/source', '--import', 'tsx', child, path, join(outDir, name), WATERMARK, where]
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } })
    return stdout.trim().split('\n').at(-1) ?? ''
  }

  it('write the same bytes in another time zone and locale', async () => {
    const settings = [
      { TZ: 'UTC', LC_ALL: 'C' },
      { TZ: 'Asia/Kolkata', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' },
      { TZ: 'America/St_Johns', LC_ALL: 'sv_SE.UTF-8', LANG: 'sv_SE.UTF-8' },
    ]
    const made: { id: string; files: Record<string, string> }[] = []
    for (const [index, env] of settings.entries()) {
      const summary = JSON.parse(await run(`zone-${index}`, 'here', env)) as ExportSummary
      made.push({ id: summary.export_id, files: await filesOf(summary.dir) })
    }
    expect(Object.keys(made[0]!.files).length).toBeGreaterThan(5)
    expect(made[1]).toEqual(made[0])
    expect(made[2]).toEqual(made[0])
  })

  it('run in a worker thread with a session of its own, one at a time, errors with their code', async () => {
    const answer = JSON.parse(await run('worker', 'worker', {})) as {
      both: ExportSummary[]
      recorded: number
      code: string
    }
    expect(answer.both.map((each) => each.reused)).toEqual([false, true])
    expect(answer.both[0]?.pairs).toBe(16)
    expect(answer.recorded).toBeGreaterThan(0)
    expect(answer.code).toBe('invalid_request')
  })
})
