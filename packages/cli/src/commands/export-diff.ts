import { stat } from 'node:fs/promises'
import { type Client, createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { askServer } from '../diff/ask-server.js'
import { diffExports } from '../diff/export-diff.js'
import { openSet, type PublishedSet } from '../diff/published-set.js'
import { diffInWords } from '../diff/words.js'
import { CliError, EXIT } from '../exit.js'

const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isDirectory() === true

/** The set of an id, or of its first digits, in the folder where the server has it. */
async function setOfId(client: Client, id: string): Promise<PublishedSet> {
  const { items } = await (await client.v1.exports.$get({})).json()
  const found = items.filter(({ export_id }) => export_id.startsWith(id))
  const [one, other] = found
  if (other !== undefined)
    throw new CliError(EXIT.usage, `${found.length} exports begin with ${id}; give more of the id`)
  if (one === undefined) {
    const message = `${id} is neither a folder here nor an export of this project; see flywheel export list`
    throw new CliError(EXIT.notFound, message)
  }
  if (await isFolder(one.dir)) return openSet(one.dir)
  const message = `The export ${one.export_id} is in ${one.dir} on the server's machine and not here; copy that folder, and give the copy's path`
  throw new CliError(EXIT.notFound, message)
}

/** `flywheel export diff`. Two folders need no server. */
export async function exportDiff(
  context: CommandContext,
  first: string,
  second: string,
  own: { rows?: boolean },
): Promise<number> {
  const { output } = context
  const client = (await isFolder(first)) && (await isFolder(second)) ? null : createClient(context)
  const open = async (name: string): Promise<PublishedSet> =>
    client === null || (await isFolder(name)) ? openSet(name) : setOfId(client, name)
  const [a, b] = [await open(first), await open(second)]
  const { diff, list } = await diffExports(a, b, client === null ? undefined : askServer(client, output.say))
  if (own.rows === true) {
    output.rows(list, [
      { name: 'change', of: (row) => row.change },
      { name: 'row_id', of: (row) => row.row_id },
      { name: 'shape', of: (row) => row.shape },
      { name: 'strategy', of: (row) => row.strategy },
      { name: 'from', of: (row) => row.from },
      { name: 'to', of: (row) => row.to },
      { name: 'columns', of: (row) => row.columns.join(' ') },
      { name: 'reason', of: (row) => row.reason },
      { name: 'by', of: (row) => row.by },
    ])
    if (list.length === 0) output.say('No row differs.')
  } else output.one(diff, diffInWords(diff))
  return EXIT.ok
}
