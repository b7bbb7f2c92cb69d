import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startDistributed } from './distributed.js'
import { DISTRIBUTED_FAULTS } from './distributed-faults.js'
import { startEmbedded } from './embedded.js'
import { EMBEDDED_FAULTS } from './embedded-faults.js'
import type { Fault, System } from './faults.js'
import { runRounds } from './rounds.js'

const { values } = parseArgs({
  options: {
    profile: { type: 'string', default: 'embedded' },
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string', default: 'flywheel' },
    only: { type: 'string' },
    without: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const folder = mkdtempSync(join(tmpdir(), 'flywheel-faults-'))
const listed = (names: string | undefined): string[] => names?.split(',').filter(Boolean) ?? []
let hasFailed = true
try {
  if (values.profile === 'embedded') hasFailed = await run(await startEmbedded(folder), EMBEDDED_FAULTS)
  else if (values.profile === 'distributed') hasFailed = await run(await startDistributed(folder), DISTRIBUTED_FAULTS)
  else throw new Error(`There is no profile ${values.profile}; use embedded or distributed`)
} catch (error) {
  console.error(error)
} finally {
  if (values.keep || hasFailed) console.error(`Journal and data are kept in ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
}
process.exit(hasFailed ? 1 : 0)

/** @returns whether anything was wrong */
async function run<Kind extends System>(system: Kind, all: readonly Fault<Kind>[]): Promise<boolean> {
  const [only, without] = [listed(values.only), listed(values.without)]
  const unknown = [...only, ...without].filter((name) => all.every((fault) => fault.name !== name))
  const faults = all.filter(({ name }) => (only.length === 0 || only.includes(name)) && !without.includes(name))
  try {
    if (unknown.length > 0 || faults.length === 0)
      throw new Error(`No fault ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`)
    const { profile, seed } = values
    return await runRounds({ profile, system, faults, rounds: Number(values.rounds), seed, folder })
  } finally {
    await system.close()
  }
}
