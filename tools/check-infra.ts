/**
 * Checks what `infra/` holds without a container engine: the compose file, the Dockerfile, ClickHouse's configuration,
 * the chart, the alerts and the dashboards. Then each check runs once more on a copy with each of its planted faults and
 * has to find it. Needs Java and Maven (Helm comes from Maven Central) and promtool or apt (it comes from Debian's
 * package); fails where one is missing. A word as an argument takes the checks whose name holds it.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Check } from './infra/checks.js'
import { clickhouse } from './infra/clickhouse.js'
import { compose } from './infra/compose.js'
import { grafana } from './infra/grafana.js'
import { helm } from './infra/helm.js'
import { images } from './infra/images.js'
import { prometheus } from './infra/prometheus.js'

const CHECKS: Check[] = [compose, images, clickhouse, helm, prometheus, grafana]
const repo = fileURLToPath(new URL('..', import.meta.url))
const infra = join(repo, 'infra')

/** A check that throws has found something too. */
async function problemsOf(check: Check, place: { infra: string; repo: string }): Promise<string[]> {
  return check.run(place).catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
}

const folder = await mkdtemp(join(tmpdir(), 'flywheel-infra-'))
let failed = 0
try {
  for (const check of CHECKS.filter(({ name }) => name.includes(process.argv[2] ?? ''))) {
    const start = performance.now()
    const problems = await problemsOf(check, { infra, repo })
    for (const problem of problems) console.log(`  ${check.name}: ${problem}`)
    failed += problems.length
    for (const plant of check.plants) {
      const copy = join(folder, 'infra')
      await rm(copy, { recursive: true, force: true })
      cpSync(infra, copy, { recursive: true, filter: (path) => !path.includes('/kafka') })
      const path = join(copy, plant.file)
      const text = readFileSync(path, 'utf8')
      const found = text.includes(plant.old)
      writeFileSync(
        path,
        text.replace(plant.old, () => plant.new),
      )
      const said = found ? await problemsOf(check, { infra: copy, repo }) : ['there is nothing to replace any more']
      if (found && said.some((problem) => plant.finds.test(problem))) continue
      failed++
      console.log(`  ${check.name}: ${plant.what} goes unseen: ${said.join('; ') || 'no problem found'}`)
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${check.name}: ${problems.length} problems, ${check.plants.length} planted faults (${seconds} s)`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exit(failed === 0 ? 0 : 1)
