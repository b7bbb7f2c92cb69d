/**
 * Installs every image's target as infra/Dockerfile does (its own `npm ci` line over the manifests, then the built
 * closure), starts the four services with plain `node` against a real broker and ClickHouse's HTTP interface, and sends
 * one event all the way to an export. Needs `npm run build` before it. `--target=NAME` takes one target's install alone.
 */
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { kafkaMissing, startBrokers } from '@flywheel/kafka-brokers'
import { openEmbedded, serveClickHouse } from '@flywheel/store'
import { readTargets, type Target } from './infra/dockerfile.js'
import { type Running, run, startService } from './infra/running.js'

const ROOT = new URL('..', import.meta.url).pathname
const SECRET = 'a secret of the check with 32 characters'
const KEY = 'front-key'
const NEVER_INSTALLED = ['chdb', '@chdb', 'typescript', 'tsx', 'vitest', 'tsup']

function fail(message: string): never {
  throw new Error(message)
}

/** The image's folder of one target, under `folder`. */
async function install(target: Target, folder: string): Promise<string> {
  const app = join(folder, target.name)
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(ROOT, name), join(app, name))
  for (const group of ['packages', 'services'])
    for (const each of readdirSync(join(ROOT, group))) {
      const manifest = join(group, each, 'package.json')
      if (existsSync(join(ROOT, manifest))) cpSync(join(ROOT, manifest), join(app, manifest))
    }
  await run(target.install, app)
  await run([process.execPath, 'infra/docker/production-tree.mjs', target.workspace, app], ROOT)
  const installed = readdirSync(join(app, 'node_modules'))
  const wrong = installed.filter((name) => NEVER_INSTALLED.includes(name))
  if (wrong.length > 0) fail(`The image ${target.name} holds ${wrong.join(', ')}; see its npm ci line`)
  if (!existsSync(join(app, target.main))) fail(`${target.main} of ${target.name} is not built: npm run build`)
  return app
}

async function until<Answer>(what: string, ask: () => Promise<Answer | null>, limit_ms = 60_000): Promise<Answer> {
  for (const end = Date.now() + limit_ms; ; await sleep(200)) {
    const answer = await ask().catch(() => null)
    if (answer !== null) return answer
    if (Date.now() > end) fail(`${what} took longer than ${limit_ms / 1000} s`)
  }
}

async function body(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text()
  if (!response.ok) fail(`${response.url} answered ${response.status}: ${text.slice(0, 300)}`)
  return JSON.parse(text) as Record<string, unknown>
}

/** Every target by its own install; the services answer; one event goes all the way. */
async function check(folder: string, targets: Target[]): Promise<void> {
  const apps = new Map<string, string>()
  const waiting = [...targets]
  await Promise.all(
    [1, 2].map(async () => {
      for (let target = waiting.shift(); target !== undefined; target = waiting.shift())
        apps.set(target.name, await install(target, folder))
    }),
  )
  console.log(`installed ${[...apps.keys()].sort().join(', ')}`)

  const missing = await kafkaMissing()
  if (missing !== null) return console.log(`not started: ${missing}`)
  const kafka = await startBrokers()
  const store = join(folder, 'store')
  const db = await openEmbedded({ path: store })
  const front = await serveClickHouse({ path: store, port: 0, authorize: (key) => key === KEY, isWritable: true })
  const services: Running[] = []
  try {
    const env = {
      FLYWHEEL_SECRET: SECRET,
      FLYWHEEL_HOST: '127.0.0.1',
      PORT: '0',
      KAFKA_BROKERS: kafka.bootstrap.join(','),
      CLICKHOUSE_URL: front.url,
      CLICKHOUSE_PASSWORD: KEY,
    }
    const start = async (name: string, more: Record<string, string> = {}): Promise<Running> => {
      const target = targets.find((each) => each.name === name) ?? fail(`infra/Dockerfile has no target ${name}`)
      const service = await startService(name, join(apps.get(name) ?? '', target.main), { ...env, ...more })
      services.push(service)
      return service
    }
    const migrate = targets.find(({ name }) => name === 'migrate') ?? fail('infra/Dockerfile has no target migrate')
    const made = await run([process.execPath, migrate.main, 'migrate'], apps.get('migrate') ?? '', env)
    const { secret_key } = JSON.parse(made) as { secret_key: string }
    mkdirSync(join(folder, 'exports'))
    const exporter = await start('exporter', { FLYWHEEL_EXPORT_DIR: join(folder, 'exports') })
    const [collector, api] = await Promise.all([
      start('collector'),
      start('api', { FLYWHEEL_EXPORTER_URL: exporter.url }),
      start('sink'),
    ])
    for (const { name, url } of services) {
      await until(`${name} ready`, async () => ((await fetch(`${url}/readyz`)).ok ? true : null))
      const metrics = await (await fetch(`${url}/metrics`)).text()
      if (!metrics.includes('process_resident_memory_bytes')) fail(`${name} shows no metrics`)
      if ((await fetch(`${url}/healthz`)).status !== 200) fail(`${name} is not alive`)
    }
    const headers = { authorization: `Bearer ${secret_key}` }
    const events = [
      {
        type: 'interaction',
        id: fresh(1),
        schema_version: 1,
        outputs: text('assistant', 'a'),
        messages: text('user', 'q'),
      },
      {
        type: 'feedback',
        id: fresh(2),
        schema_version: 1,
        target_kind: 'interaction',
        target: fresh(1),
        kind: 'thumb',
        label: 'up',
      },
    ]
    const sent = await fetch(`${collector.url}/v1/events`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-ndjson' },
      body: events.map((event) => JSON.stringify(event)).join('\n'),
    })
    if (sent.status !== 202) fail(`the collector answered ${sent.status}: ${await sent.text()}`)
    await until('an accepted event to be read', async () => {
      const { items } = (await body(await fetch(`${api.url}/v1/interactions`, { headers }))) as { items: unknown[] }
      return items.length === 1 ? true : null
    })
    const refused = await fetch(`${api.url}/v1/exports`, { method: 'POST', headers })
    const problem = (await refused.json()) as { code?: string }
    // The event is younger than the watermark, so the exporter, asked by the api, has nothing to export yet.
    if (refused.status !== 422 || problem.code !== 'nothing_to_export')
      fail(`the api answered ${refused.status} ${JSON.stringify(problem)} for an export`)
    const memory = await Promise.all(services.map(async ({ name, url }) => `${name} ${await residentMiB(url)} MiB`))
    console.log(`one event went from the collector to the api; resident: ${memory.join(', ')}`)
    for (const service of services.splice(0).reverse()) {
      const code = await service.stop()
      if (code !== 0) fail(`${service.name} ended with ${code} after SIGTERM: ${service.said()}`)
    }
  } finally {
    for (const service of services) service.kill()
    await front.close()
    await db.close()
    await kafka.close()
  }
}

const started = Date.now()

function fresh(n: number): string {
  const head = started.toString(16).padStart(12, '0')
  return `${head.slice(0, 8)}-${head.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`
}

function text(role: string, content: string): object[] {
  return [{ role, parts: [{ type: 'text', content }] }]
}

async function residentMiB(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Math.round(Number(/^process_resident_memory_bytes (\d+)/m.exec(metrics)?.[1] ?? Number.NaN) / 2 ** 20)
}

const folder = await mkdtemp(join(tmpdir(), 'flywheel-services-'))
try {
  const only = process.argv.find((each) => each.startsWith('--target='))?.slice('--target='.length)
  const targets = readTargets(join(ROOT, 'infra/Dockerfile'))
  await check(folder, only === undefined ? targets : targets.filter(({ name }) => name === only))
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exit(0)
