import { openLocalLog } from '@flywheel/event-log'
import { runChild, type Scenario } from '../../src/conformance/child.js'
import { MUTANTS } from './mutants.js'

const [path, partitions, scenario, mutant] = process.argv.slice(2) as [string, string, Scenario, string]
const log = await openLocalLog({ path, partitions: Number(partitions) })
await runChild(MUTANTS[mutant]?.mutate(log) ?? log, scenario)
