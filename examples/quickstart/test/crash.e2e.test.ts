import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createApi } from '../src/api.js'
import { readJournal } from '../src/journal.js'
import { startModelStub } from '../src/model-stub.js'
import { type Accounting, settle } from '../src/outcome.js'
import { startServer } from '../src/server.js'
import { runTraffic } from '../src/traffic-process.js'

/** The long form is FLYWHEEL_CRASH_RUNS=10. */
const runs = Number(process.env['FLYWHEEL_CRASH_RUNS'] ?? 2)
const TABLES = ['interactions', 'feedback', 'links', 'consents']

it.each(Array.from({ length: runs }, (_, run) => run + 1))(
  'killed with -9 at random moments of the traffic, run %i: journal, receipts and tables agree',
  async (run) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-crash-'))
    const journal = join(dataDir, 'journal.ndjson')
    const stub = await startModelStub()
    let server = await startServer({ dataDir })
    const port = Number(new URL(server.url).port)
    let isWorking = true
    const moments: number[] = []
    // bounded: on a slow machine a server that starts for longer than it lives would never answer
    const kills = 1 + Math.floor(Math.random() * 4)
    const killer = (async () => {
      while (isWorking && moments.length < kills) {
        const pause = 300 + Math.random() * 3500
        await sleep(pause)
        if (!isWorking) return
        moments.push(Math.round(pause))
        server.process.kill('SIGKILL')
        await new Promise((resolve) => server.process.once('exit', resolve))
        server = await startServer({ dataDir, port })
      }
    })()
    try {
      const options = { modelUrl: stub.url, journal, seed: `crash-${run}`, people: 16, pauseMs: 400 }
      const { report } = await runTraffic({ server, ...options })
      isWorking = false
      await killer
      await settle(server)
      console.log(`run ${run}: killed with -9 after ${moments.join(', ')} ms`)
      expect(moments.length).toBeGreaterThan(0)
      expect(report).toMatchObject({ pending: 0, dropped: 0, rejected: 0 })

      const api = createApi(server.url, server.apiKey)
      const ids = async (sql: string): Promise<string[]> => {
        const { rows } = await api.post<{ rows: { id: string }[] }>('/v1/query', { sql })
        return rows.map(({ id }) => id).sort()
      }
      const created = readJournal(journal).map(({ id }) => id)
      expect(created.length).toBeGreaterThan(200)
      const receipts = await ids('SELECT DISTINCT arrayJoin(ids) AS id FROM receipts FINAL')
      const stored = (await Promise.all(TABLES.map((table) => ids(`SELECT id FROM ${table} FINAL`)))).flat().sort()
      expect(receipts).toEqual([...created].sort())
      // one entry an id: a row stored twice would make the lists differ in length
      expect(stored).toEqual([...created].sort())
      expect(await api.get<Accounting>('/v1/accounting')).toMatchObject({
        created: created.length,
        stored: created.length,
        dead_lettered: 0,
        balanced: true,
      })
    } finally {
      isWorking = false
      await killer.catch(() => {})
      await stub.close()
      await server.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  },
)
