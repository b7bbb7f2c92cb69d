import { resolve } from 'node:path'
import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'

/** `flywheel backup`: the running server writes the folder; a relative path is one of this machine's. */
export async function backup(context: CommandContext, path: string): Promise<number> {
  const { output } = context
  output.say(`Backing up into ${resolve(path)} …`)
  const response = await createClient(context).v1.backup.$post({ json: { path: resolve(path) } })
  const made = await response.json()
  output.one(
    made,
    `${made.path}: ${made.files} files, ${made.bytes} bytes, everything acknowledged before ${made.begun_at}`,
  )
  if (made.secret === 'environment') {
    output.say('The secret is not in it, because the server has it from FLYWHEEL_SECRET: keep that beside it.')
  } else output.say('It holds the secret and every event: keep it as safe as the server.')
  return EXIT.ok
}
