/** A process on Node, Bun or Deno. Prints one JSON line, then does as told and ends. */
import process from 'node:process'
import { scenario, start } from './scenario.js'

const [url, provider, mode] = process.argv.slice(2)
const isFlushed = mode === 'flush'
const client = start({ url, provider, flushIntervalMs: 60_000 })
const runs = await Promise.all(['a', 'b', 'c', 'd'].map((user) => scenario(client, user)))
const report = isFlushed ? await client.flywheel.flush() : null
console.log(JSON.stringify({ runs, report }))
// `end`: nothing is left to do, and the process ends by itself.
if (mode === 'exit' || isFlushed) process.exit(0)
