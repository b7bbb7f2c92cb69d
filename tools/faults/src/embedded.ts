import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { System } from './faults.js'
import { createApi } from './observe.js'
import { ask } from './requests.js'
import { evidenceOf, freePort, Server } from './server.js'

/** What the faults of the embedded profile take hold of. */
export interface Embedded extends System {
  server: Server
  dataDir: string
  /** Sets the server's clock so many milliseconds off. */
  shiftClock(ms: number): void
}

const command = fileURLToPath(new URL('../../../packages/cli/bin/flywheel.js', import.meta.url))
const hook = pathToFileURL(fileURLToPath(new URL('./clock-hook.mjs', import.meta.url))).href

/** `flywheel up` as a process of its own, in a new data directory. */
export async function startEmbedded(folder: string): Promise<Embedded> {
  const dataDir = join(folder, 'embedded')
  const clock = join(folder, 'clock')
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(clock, '0')
  const port = await freePort()
  const server = new Server({
    name: 'flywheel up',
    args: [command, 'up', '--data-dir', dataDir, '--port', String(port)],
    env: { NODE_OPTIONS: `--import=${hook}`, FLYWHEEL_FAULTS_CLOCK: clock, LOG_LEVEL: 'info' },
    port,
  })
  await ask(dataDir, { work: 'hold' })
  await server.start()
  let key = ''
  const readKey = (): string => {
    key ||= (JSON.parse(readFileSync(join(dataDir, 'cli.json'), 'utf8')) as { api_key: string }).api_key
    return key
  }
  const api = createApi(() => server.url, readKey)
  return {
    api,
    server,
    dataDir,
    key: await eventually(readKey),
    url: () => server.url,
    shiftClock: (ms) => writeFileSync(clock, String(ms)),
    up: () => server.start(),
    down: () => server.terminate(),
    async tamper(statements) {
      await server.terminate()
      await ask(dataDir, { work: 'statements', statements })
      await server.start()
    },
    async erase(subject) {
      await server.terminate()
      const answer = await ask(dataDir, { work: 'erase', ...subject })
      await server.start()
      return answer
    },
    said: () => server.said,
    evidence: () => evidenceOf([server]),
    deaths: () => server.deaths,
    close: () => server.kill(),
  }
}

/** The server answers a moment before its connection file is written. */
async function eventually(read: () => string): Promise<string> {
  for (let left = 200; ; left--) {
    try {
      return read()
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
