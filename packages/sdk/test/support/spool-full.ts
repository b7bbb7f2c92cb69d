/** Records events in a process whose files may not grow beyond 8 blocks. Prints one JSON line. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFlywheel } from '../../src/index.js'
import { spool } from '../../src/node/spool.js'
import { memoryTransport } from '../../src/test-kit/index.js'

const [directory = ''] = process.argv.slice(2)
const codes: string[] = []
const transport = memoryTransport()
transport.fail('down')
const flywheel = createFlywheel({
  transport,
  spool: spool(directory),
  flushIntervalMs: 60_000,
  onDiagnostic: ({ code }) => codes.push(code),
})
for (let index = 0; index < 60; index++) {
  flywheel.record({ outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'x'.repeat(400) }] }] })
}
// Whole lines and nothing behind them.
const lines = readdirSync(directory).flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
const onDisk = lines.filter((line) => line && JSON.parse(line)).length
transport.fail(null)
await flywheel.flush()
const { created } = flywheel.stats()
console.log(JSON.stringify({ created, sent: transport.events.map(({ id }) => id), codes, onDisk }))
