import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Check } from './checks.js'
import { metricNames } from './metric-names.js'
import { promqlProblems } from './promql.js'
import { run } from './running.js'

interface Rule {
  alert: string
  expr: string
  for?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

const RULES = 'helm/flywheel/files/flywheel.rules.yaml'
const TESTS = 'prometheus/flywheel.test.yaml'

/** The alerts: by Prometheus' own tool with their tests, by the metrics that exist, and by what the operator's page says. */
export const prometheus: Check = {
  name: 'alerts',
  async run({ infra, repo }) {
    const problems: string[] = []
    const promtool = await ensurePromtool(repo)
    for (const command of [
      ['check', 'rules', join(infra, RULES)],
      ['test', 'rules', join(infra, TESTS)],
    ])
      await run([promtool, ...command], infra).catch((error: Error) => problems.push(error.message))
    const metrics = await metricNames(repo)
    const { groups } = parse(readFileSync(join(infra, RULES), 'utf8')) as { groups: { rules: Rule[] }[] }
    const tests = readFileSync(join(infra, TESTS), 'utf8')
    const anchors = new Set(
      [...readFileSync(join(infra, 'README.md'), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replace(/[^\w\s-]/g, '')
          .trim()
          .replace(/\s+/g, '-'),
      ),
    )
    for (const rule of groups.flatMap(({ rules }) => rules)) {
      const wrong = (what: string): void => void problems.push(`${rule.alert}: ${what}`)
      for (const problem of promqlProblems(rule.expr, metrics)) wrong(problem)
      if (!['warning', 'critical'].includes(rule.labels?.['severity'] ?? '')) wrong('has no severity')
      const [page, anchor = ''] = (rule.annotations?.['runbook'] ?? '').split('#')
      if (page !== 'infra/README.md' || !anchors.has(anchor)) wrong(`the page has no part ${anchor}`)
      if (rule.for === undefined && !/increase\(/.test(rule.expr)) wrong('fires at the first look; give it a for')
      if (!tests.includes(`alertname: ${rule.alert}`) && !UNTESTED.has(rule.alert)) wrong(`has no test in ${TESTS}`)
    }
    return problems
  },
  plants: [
    {
      what: 'an expression that does not parse',
      file: RULES,
      old: 'absent(flywheel_sink_lag_records)',
      new: 'absent(flywheel_sink_lag_records',
      finds: /parse|promtool/,
    },
    {
      what: 'a metric that nothing shows',
      file: RULES,
      old: 'increase(flywheel_exporter_runs_total',
      new: 'increase(flywheel_exporter_turns_total',
      finds: /nothing shows the metric flywheel_exporter_turns_total/,
    },
    {
      what: 'a label that the metric lacks',
      file: RULES,
      old: 'sum by (step) (rate(flywheel_sink_retries_total',
      new: 'sum by (stage) (rate(flywheel_sink_retries_total',
      finds: /has the label stage/,
    },
    {
      what: 'an alert that fires the wrong way round',
      file: RULES,
      old: 'flywheel_accounting_balanced) == 0',
      new: 'flywheel_accounting_balanced) == 1',
      finds: /FlywheelAccountingDifference/,
    },
    {
      what: 'a page without what to do',
      file: RULES,
      old: '#dead-letters',
      new: '#dead-letter',
      finds: /the page has no part dead-letter/,
    },
  ],
}

/** One comparison each, over the same kind of figure as a tested one. */
const UNTESTED = new Set([
  'FlywheelSinkLagNearRetention',
  'FlywheelSinkRetries',
  'FlywheelSlowAppends',
  'FlywheelEventLoopBlocked',
])

/** Prometheus' own tool: the one of this machine, else out of Debian's package, without installing a server. */
async function ensurePromtool(repo: string): Promise<string> {
  const own = await run(['sh', '-c', 'command -v promtool'], repo).catch(() => '')
  if (own.trim() !== '') return own.trim()
  const folder = join(repo, 'node_modules/.cache/flywheel-promtool')
  const tool = join(folder, 'usr/bin/promtool')
  if (existsSync(tool)) return tool
  const fetched = `${folder}.${process.pid}`
  mkdirSync(fetched, { recursive: true })
  try {
    const download = ['apt-get', 'download', '-qq', 'prometheus']
    await run(download, fetched).catch(async () => {
      await run(['apt-get', 'update', '-qq'], fetched)
      await run(download, fetched)
    })
    const [archive = ''] = readdirSync(fetched).filter((name) => name.endsWith('.deb'))
    await run(['dpkg', '-x', archive, '.'], fetched)
    if (!existsSync(folder)) renameSync(fetched, folder)
  } finally {
    rmSync(fetched, { recursive: true, force: true })
  }
  return tool
}
