import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openEmbedded, serveClickHouse } from '@flywheel/store'
import { fillStore } from './fill-store.js'

/*
 * Holds a store of made traffic and serves it on ClickHouse's HTTP interface, so that the exporter's process has no
 * engine in it and its memory can be read. Arguments: folder, interactions. Prints {"url"} when it listens, and ends with
 * its standard input. A folder that holds a whole store of that size is used as it is.
 */
const [folder = '', size = ''] = process.argv.slice(2)
const path = join(folder, 'store')
const made = join(folder, 'made.json')
const wanted = JSON.stringify({ version: 1, interactions: Number(size) })
const isMade = existsSync(made) && (await readFile(made, 'utf8')) === wanted
if (!isMade) await rm(path, { recursive: true, force: true })
const db = await openEmbedded({ path })
if (!isMade) {
  const started = performance.now()
  await fillStore(db, Number(size), (line) => console.error(`store: ${line}`))
  await writeFile(made, wanted)
  console.error(`store: filled in ${Math.round((performance.now() - started) / 1000)} s`)
}
const front = await serveClickHouse({ path, port: 0, authorize: () => true, isWritable: true, stalled_ms: 600_000 })
console.log(JSON.stringify({ url: front.url }))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
