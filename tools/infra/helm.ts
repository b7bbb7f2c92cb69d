import { createHash } from 'node:crypto'
import { cpSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { Check } from './checks.js'
import { environmentNames } from './environment.js'
import { schemaProblem } from './kubernetes.js'
import { run } from './running.js'

const HERE = fileURLToPath(new URL('./helm', import.meta.url))
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

/** A value that a chart must refuse, and the words of its refusal. */
const REFUSED: Record<string, RegExp> = {
  'no-brokers.yaml': /kafka\.brokers is empty; set it to/,
  'latest.yaml': /image\.tag is latest/,
}

interface Manifest {
  kind: string
  metadata: { name: string }
  // biome-ignore lint/suspicious/noExplicitAny: every kind has another shape; the schemas are checked first
  spec?: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  data?: any
}

/** The chart: rendered by Helm itself with the least and with every value, each manifest by its schema and its references. */
export const helm: Check = {
  name: 'helm/flywheel',
  async run({ infra, repo }) {
    const jars = await ensureJars(repo)
    const files = ['least.yaml', 'everything.yaml', ...Object.keys(REFUSED)]
    const chart = join(infra, 'helm/flywheel')
    const hook = readFileSync(join(chart, 'templates/migrate.yaml'), 'utf8')
    const problems: string[] = []
    if (!/helm\.sh\/hook: pre-install,pre-upgrade$/m.test(hook)) problems.push('the migration is no hook any more')
    const rendered = await mkdtemp(join(tmpdir(), 'flywheel-chart-'))
    cpSync(chart, rendered, { recursive: true })
    // A template that is a hook is left out of what Helm's library renders.
    writeFileSync(join(rendered, 'templates/migrate.yaml'), hook.replaceAll('helm.sh/hook', 'example.com/hook'))
    const program = [join(HERE, 'Helm.java'), rendered, ...files.map((file) => join(HERE, file))]
    const text = await run(['java', '-cp', `${jars}/*`, ...program], repo)
    await rm(rendered, { recursive: true })
    for (const part of text.split(/^#=== /m).slice(1)) {
      const [path = '', ...lines] = part.split('\n')
      const file = path.split('/').at(-1) ?? ''
      const failures = lines.filter((line) => line.startsWith('#!!! ')).join(' ')
      const wanted = REFUSED[file]
      if (wanted !== undefined) {
        if (!wanted.test(failures)) problems.push(`${file} is not refused with ${wanted}: ${failures}`)
      } else if (failures !== '') problems.push(`${file}: ${failures}`)
      else problems.push(...manifestProblems(lines.join('\n'), repo).map((problem) => `${file}: ${problem}`))
    }
    return problems
  },
  plants: [
    {
      what: 'a template that does not parse',
      file: 'helm/flywheel/templates/migrate.yaml',
      old: '{{- end }}',
      new: '{{- ende }}',
      finds: /ende/,
    },
    {
      what: 'a number where Kubernetes wants another kind',
      file: 'helm/flywheel/templates/migrate.yaml',
      old: 'backoffLimit: 3',
      new: 'backoffLimit: three',
      finds: /backoffLimit must be integer/,
    },
    {
      what: 'a service that selects no pod',
      file: 'helm/flywheel/templates/services.yaml',
      old: 'spec:\n  selector:\n    {{- include "flywheel.selector" $context | nindent 4 }}',
      new: 'spec:\n  selector:\n    app.kubernetes.io/component: nobody',
      finds: /selects no pod/,
    },
    {
      what: 'a misspelt variable',
      file: 'helm/flywheel/templates/services.yaml',
      old: 'name: FLYWHEEL_EXPORT_CRON',
      new: 'name: FLYWHEEL_EXPORTER_CRON',
      finds: /nothing reads FLYWHEEL_EXPORTER_CRON/,
    },
    {
      what: 'a probe of a port without a name',
      file: 'helm/flywheel/templates/services.yaml',
      old: 'path: /readyz, port: http',
      new: 'path: /readyz, port: web',
      finds: /has no port web/,
    },
    {
      what: 'a required value that may be empty',
      file: 'helm/flywheel/templates/_helpers.tpl',
      old: 'required "kafka.brokers is empty; set it to host:port of some brokers" .root',
      new: 'default "" .root',
      finds: /no-brokers\.yaml is not refused/,
    },
  ],
}

function manifestProblems(text: string, repo: string): string[] {
  const problems: string[] = []
  const manifests = parseAllDocuments(text).flatMap((document) => {
    problems.push(...document.errors.map(({ message }) => message))
    const manifest = document.toJS() as Manifest | null
    return manifest === null ? [] : [manifest]
  })
  if (manifests.length < 10) problems.push(`only ${manifests.length} manifests`)
  const names = (kind: string) =>
    new Set(manifests.filter((each) => each.kind === kind).map((each) => each.metadata.name))
  const pods = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
  for (const manifest of manifests) {
    const wrong = (what: string): void => void problems.push(`${manifest.kind} ${manifest.metadata.name}: ${what}`)
    const invalid = schemaProblem(manifest)
    if (invalid !== null) wrong(invalid)
    const selector = manifest.kind === 'Service' ? manifest.spec.selector : manifest.spec?.selector?.matchLabels
    if (
      selector !== undefined &&
      manifest.kind !== 'ServiceMonitor' &&
      !pods.some((pod) => covers(pod.spec.template.metadata.labels, selector))
    )
      wrong('selects no pod')
    if (manifest.kind === 'HorizontalPodAutoscaler' && !names('Deployment').has(manifest.spec.scaleTargetRef.name))
      wrong('scales no deployment')
    if (manifest.kind === 'Ingress')
      for (const { backend } of manifest.spec.rules[0].http.paths)
        if (!names('Service').has(backend.service.name)) wrong(`leads to ${backend.service.name}, which is no service`)
  }
  for (const { kind, metadata, spec } of pods) {
    const wrong = (what: string): void => void problems.push(`${kind} ${metadata.name}: ${what}`)
    const pod = spec.template.spec
    if (pod.securityContext?.runAsNonRoot !== true) wrong('may run as root')
    for (const container of pod.containers) {
      const known = environmentNames(repo, container.name === 'migrate' ? 'packages/cli' : `services/${container.name}`)
      for (const { name } of container.env) if (!known.has(name)) wrong(`nothing reads ${name}`)
      const ports = new Set((container.ports ?? []).map((port: { name: string }) => port.name))
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
        const port = container[probe]?.httpGet.port
        if (kind === 'Deployment' && !ports.has(port)) wrong(`${probe} has no port ${port}`)
      }
      if (container.resources?.limits?.memory === undefined) wrong('has no limit of memory')
      const volumes = new Set((pod.volumes ?? []).map((volume: { name: string }) => volume.name))
      for (const { name } of container.volumeMounts ?? [])
        if (!volumes.has(name)) wrong(`mounts ${name}, which is no volume`)
    }
  }
  return problems
}

function covers(labels: Record<string, string>, selector: Record<string, string>): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value)
}

/** Helm as a library for Java, from Maven Central: a Helm of its own that needs no download from elsewhere. */
async function ensureJars(repo: string): Promise<string> {
  const pom = join(HERE, 'pom.xml')
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16)
  const folder = join(repo, 'node_modules/.cache/flywheel-helm', hash)
  if (existsSync(folder)) return folder
  const fetched = `${folder}.${process.pid}`
  await run(['mvn', COPY, '-q', '-B', '-f', pom, '-DincludeScope=runtime', `-DoutputDirectory=${fetched}`], repo)
  renameSync(fetched, folder)
  return folder
}
