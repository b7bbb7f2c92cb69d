import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
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

/** Up to here suspensions and waits are short, because CI waits for them. */
const SHORT_ROUNDS = 20

/**
 * Rounds of one system; then another starts with empty tables and an empty log. Each round reads all that the rounds
 * before it left, and an erasure replays all of it: a hundred rounds on one system would mostly be that.
 */
const MOST_ROUNDS = 25

const folder = mkdtempSync(join(tmpdir(), 'flywheel-faults-'))
const listed = (names: string | undefined): string[] => names?.split(',').filter(Boolean) ?? []
let hasFailed = true
try {
  if (values.profile === 'embedded') hasFailed = await runAll(startEmbedded, EMBEDDED_FAULTS)
  else if (values.profile === 'distributed') hasFailed = await runAll(startDistributed, DISTRIBUTED_FAULTS)
  else throw new Error(`There is no profile ${values.profile}; use embedded or distributed`)
} catch (error) {
  console.error(error)
} finally {
  if (values.keep || hasFailed) console.error(`Journal and data are kept in ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
}
process.exit(hasFailed ? 1 : 0)

/** @returns whether anything was wrong; the first system with which something is is the last */
async function runAll<Kind extends System>(
  start: (folder: string) => Promise<Kind>,
  all: readonly Fault<Kind>[],
): Promise<boolean> {
  const faults = chosen(all)
  const { profile, seed, rounds } = values
  for (let done = 0; done < Number(rounds); done += MOST_ROUNDS) {
    const own = join(folder, String(done / MOST_ROUNDS + 1))
    mkdirSync(own)
    const system = await start(own)
    try {
      const mine = {
        rounds: Math.min(MOST_ROUNDS, Number(rounds) - done),
        isShort: Number(rounds) <= SHORT_ROUNDS,
        seed: done === 0 ? seed : `${seed}/${done / MOST_ROUNDS + 1}`,
      }
      if (await runRounds({ profile, system, faults, ...mine, folder: own })) return true
    } finally {
      await system.close()
    }
    if (!values.keep) rmSync(own, { recursive: true, force: true })
  }
  return false
}

function chosen<Kind extends System>(all: readonly Fault<Kind>[]): Fault<Kind>[] {
  const [only, without] = [listed(values.only), listed(values.without)]
  const unknown = [...only, ...without].filter((name) => all.every((fault) => fault.name !== name))
  const faults = all.filter(({ name }) => (only.length === 0 || only.includes(name)) && !without.includes(name))
  if (unknown.length > 0 || faults.length === 0)
    throw new Error(`No fault ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`)
  return faults
}
