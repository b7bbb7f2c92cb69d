/**
 * From a wrapped call to a preference pair: starts the server, lets a support desk work with it for a day that takes
 * seconds, exports, and shows what came out. Usage: npm run quickstart [-- --exit --json --data-dir DIR --port N --seed S]
 */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readJournal } from './journal.js'
import { startModelStub } from './model-stub.js'
import { exportDataset, settle, sums } from './outcome.js'
import { printOutcome } from './report.js'
import { type Server, startServer } from './server.js'
import { runTraffic } from './traffic-process.js'

const { values: flags } = parseArgs({
  options: {
    exit: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'data-dir': { type: 'string' },
    port: { type: 'string', default: '8787' },
    seed: { type: 'string', default: 'nordlicht' },
  },
})

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

async function run(): Promise<Server> {
  const dataDir = resolve(flags['data-dir'] ?? mkdtempSync(join(tmpdir(), 'flywheel-quickstart-')))
  mkdirSync(dataDir, { recursive: true })
  say('Starting the server: collector, log, sink, ClickHouse, exporter and api in one process …')
  const server = await startServer({ dataDir, port: Number(flags.port) })
  try {
    say(`  up at ${server.url} after ${seconds(server.startedAt)} s`)
    const stub = await startModelStub()
    const journal = join(dataDir, `journal-${server.startedAt}.ndjson`)
    say('A support desk goes to work: wrapped calls to a model stub, and what people did with the answers …')
    const client = await runTraffic({ server, modelUrl: stub.url, journal, seed: flags.seed, progress: say })
    await stub.close()
    say('Waiting until everything accepted is stored …')
    await settle(server)
    say('Exporting, with settling times of 0 because this day lasted seconds …')
    const dataset = await exportDataset(server)
    const first_row_seconds = seconds(server.startedAt)
    const outcome = {
      ...(await sums(server)),
      ...dataset,
      first_row_seconds,
      journal: readJournal(journal).length,
      client: client.report,
    }
    printOutcome(outcome, { server: flags.exit ? null : server, dataDir }, say)
    if (flags.json) process.stdout.write(`${JSON.stringify(outcome)}\n`)
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 100) / 10
}

try {
  const server = await run()
  if (flags.exit) await server.stop()
  else {
    say('\nThe server stays up until Ctrl-C.')
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.stop())
    server.process.once('exit', (code) => process.exit(code ?? 0))
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
