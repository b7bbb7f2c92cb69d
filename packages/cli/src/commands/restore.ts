import { resolve } from 'node:path'
import { DATA_DIR, environmentWith } from '../config.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'

/** `flywheel restore`: makes a data folder out of a backup; no server is needed. */
export async function restore({ flags, output }: CommandContext, path: string): Promise<number> {
  const { restoreBackup } = await import('@flywheel/standalone')
  const dataDir = resolve(environmentWith({ FLYWHEEL_DATA_DIR: flags.dataDir })['FLYWHEEL_DATA_DIR'] ?? DATA_DIR)
  output.say(`Restoring ${resolve(path)} into ${dataDir} …`)
  const made = await restoreBackup(path, dataDir)
  output.one(
    made,
    `${made.path}: ${made.files} files, ${made.bytes} bytes, everything acknowledged before ${made.begun_at}`,
  )
  const secret =
    made.secret === 'environment' ? 'Set the FLYWHEEL_SECRET of the server that was backed up, then start' : 'Start'
  output.say(`${secret} it: flywheel up --data-dir ${made.path}`)
  return EXIT.ok
}
