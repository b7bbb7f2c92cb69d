import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { findHubToken, type HubPush, pushToHub } from '@flywheel/hub'
import { createClient } from '../client.js'
import { environmentWith } from '../config.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import { folderHere, isExportId, isFolder, isWholeId } from '../export-folder.js'
import { inPath } from '../in-path.js'

interface PushFlags {
  hub: string
  public?: boolean
}

/** An export that the server knows and whose folder is on this machine. */
async function exportOf(context: CommandContext, id: string): Promise<{ export_id: string; dir: string }> {
  const one = createClient(context).v1.exports[':id']
  const found = await (await one.$get({ param: { id: inPath(id) } })).json()
  return { export_id: found.export_id, dir: await folderHere(found) }
}

function inWords({ export_id, dataset, commit, written, present, deleted, bytes }: HubPush): string {
  if (commit === null) return `${dataset} holds export ${export_id} already: no commit`
  const counts = `${written} files written (${bytes} bytes), ${present} there already, ${deleted} taken away`
  return `${dataset} holds export ${export_id} now: ${counts}, commit ${commit}`
}

/**
 * `flywheel export push`: an export by its id, or its folder, becomes what a dataset of the Hugging Face Hub holds. The
 * token is the caller's own, and no server sees it.
 */
export async function exportPush(context: CommandContext, named: string, own: PushFlags): Promise<number> {
  const { output, signal } = context
  const env = environmentWith({})
  const token = await findHubToken(env, homedir())
  if (token === null)
    throw new CliError(
      EXIT.notAllowed,
      'No token of the Hub: set HF_TOKEN, name its file by HF_TOKEN_PATH, or run hf auth login',
    )
  const recipient = `hf://datasets/${own.hub}`
  // Whole ids are the names of the folders too, where somebody stands among them: they are ids all the same.
  const isId = isWholeId(named) || (isExportId(named) && !(await isFolder(named)))
  const known = isId ? await exportOf(context, named) : null
  const folder = known?.dir ?? resolve(named)
  // Before anything is written: whoever is erased later is erased there too. Not before it may be: a dataset that refused
  // the rows would be named to everybody who is erased.
  const onAllowed = async (): Promise<void> => {
    if (known === null) return
    const json = { recipient, note: 'flywheel export push' }
    await createClient(context).v1.exports[':id'].recipients.$post({ param: { id: inPath(known.export_id) }, json })
  }
  output.say(`Pushing to ${own.hub} …`)
  const isPublic = own.public ?? false
  const endpoint = env['HF_ENDPOINT']
  const pushed = await pushToHub({ folder, dataset: own.hub, token, isPublic, endpoint, onAllowed, signal })
  output.one(pushed, inWords(pushed))
  if (!isId)
    output.say(`So that an erasure names it: flywheel export recipients ${pushed.export_id} --add ${recipient}`)
  return EXIT.ok
}
