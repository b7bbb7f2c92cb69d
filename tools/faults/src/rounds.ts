import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault, System } from './faults.js'
import { openJournal } from './journal.js'
import { judge, type Problem } from './judge.js'
import { startLoad } from './load.js'
import { observe, settled } from './observe.js'
import { plantFailures } from './plants.js'
import { createRandom, type Random } from './random.js'

export interface RoundsOptions<Kind extends System> {
  profile: string
  system: Kind
  faults: readonly Fault<Kind>[]
  rounds: number
  seed: string
  /** Suspensions and waits are short. */
  isShort: boolean
  folder: string
}

const CLIENTS = 5
const DRAIN_MS = 300_000

/** Runs the rounds, prints one line of JSON each and a summary. @returns whether anything was wrong */
export async function runRounds<Kind extends System>(options: RoundsOptions<Kind>): Promise<boolean> {
  const { system, folder, rounds, seed, profile } = options
  const random = createRandom(`${seed}/${profile}`)
  const journal = openJournal(join(folder, 'journal.ndjson'))
  const began = performance.now()
  let wrong = 0
  const sums = { requests: 0, accepted: 0, rejected: 0, abandoned: 0 }
  for (const [at, fault] of deckOf(options.faults, rounds, random).entries()) {
    const round = at + 1
    const start = performance.now()
    const deaths = system.deaths().length
    const own = random.fork(`round-${round}`)
    const load = startLoad({
      url: () => system.url(),
      key: system.key,
      round,
      clients: CLIENTS,
      journal,
      random: own,
    })
    const context = { system, load, random: own, journal, round, isShort: options.isShort }
    let told = ''
    let problems: Problem[] = []
    const errors: string[] = []
    try {
      await sleep(own.integer(500, 2500))
      told = await fault.strike(context)
      await system.up()
      await sleep(own.integer(300, 1000))
      await load.stop()
      await settled(system.api, DRAIN_MS)
      if (fault.afterwards) told += `; ${await fault.afterwards(context)}`
      problems = judge(journal.entries(), await observe(system.api))
    } catch (error) {
      errors.push(String((error as Error).stack ?? error))
    }
    errors.push(...load.tally.surprises.slice(0, 5))
    const isWrong = problems.length + errors.length > 0
    if (isWrong) wrong++
    const { requests, accepted, rejected, abandoned, refusals } = load.tally
    for (const name of ['requests', 'accepted', 'rejected', 'abandoned'] as const) sums[name] += load.tally[name]
    print({
      round,
      fault: fault.name,
      told,
      seconds: secondsSince(start),
      requests,
      accepted,
      rejected,
      abandoned,
      refusals,
      deaths: system.deaths().slice(deaths),
      ok: !isWrong,
      problems,
      errors,
    })
    if (isWrong) {
      for (const [name, text] of Object.entries(await system.evidence())) writeFileSync(join(folder, name), text)
      break
    }
  }
  const entries = journal.entries()
  let uncaught = 0
  if (wrong === 0) {
    for (const plant of await plantFailures(system, entries)) {
      if (!plant.caught) uncaught++
      print(plant)
    }
  }
  print({
    profile,
    seed,
    rounds,
    ...sums,
    acknowledged: entries.filter(({ fate }) => fate === 'accepted').length,
    erased: entries.filter(({ fate }) => fate === 'erased').length,
    unknown: entries.filter(({ fate }) => fate === 'unknown').length,
    wrong_rounds: wrong,
    uncaught_plants: uncaught,
    seconds: secondsSince(began),
  })
  journal.close()
  return wrong + uncaught > 0
}

/** Every fault once, then again in another order. */
function deckOf<Card>(faults: readonly Card[], rounds: number, random: Random): Card[] {
  const deck: Card[] = []
  while (deck.length < rounds) deck.push(...random.shuffle(faults))
  return deck.slice(0, rounds)
}

const secondsSince = (start: number): number => Math.round((performance.now() - start) / 100) / 10
const print = (line: object): void => console.log(JSON.stringify(line))
