import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate, openEmbedded } from '@flywheel/store'
import { row, toNdjson } from './rows.js'

// The peer: the engine alone takes the same rows into the same table, batches of 1,000, as fast as it can.
// A process of its own because the engine binds one directory a process. Prints seconds.

const rows = Number(process.argv[2])
const BATCH = 1_000
const path = mkdtempSync(join(tmpdir(), 'flywheel-bare-'))
const db = await openEmbedded({ path })
await migrate(db)
const batches = Array.from({ length: rows / BATCH }, () => toNdjson(Array.from({ length: BATCH }, row)))
const started = performance.now()
for (const batch of batches) await db.insert('interactions', batch)
const seconds = (performance.now() - started) / 1000
const [counted] = await db.query<{ n: string }>('SELECT count() AS n FROM interactions FINAL')
if (Number(counted?.n) !== rows) throw new Error(`${counted?.n} of ${rows} rows are there`)
await db.close()
rmSync(path, { recursive: true, force: true })
console.log(seconds)
