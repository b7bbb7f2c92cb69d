import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbedded } from './embedded.js'
import { EMBEDDED_FAULTS } from './embedded-faults.js'
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

const folder = mkdtempSync(join(tmpdir(), 'flywheel-faults-'))
const listed = (names: string | undefined): string[] => names?.split(',') ?? []
const system = await startEmbedded(folder)
let hasFailed = true
try {
  hasFailed = await runRounds({
    profile: values.profile,
    system,
    faults: EMBEDDED_FAULTS.filter(
      ({ name }) =>
        (values.only === undefined || listed(values.only).includes(name)) && !listed(values.without).includes(name),
    ),
    rounds: Number(values.rounds),
    seed: values.seed,
    folder,
  })
} finally {
  await system.close()
  if (values.keep || hasFailed) console.error(`Journal and data are kept in ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
}
process.exit(hasFailed ? 1 : 0)
