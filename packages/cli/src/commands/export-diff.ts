import { type Client, createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { askServer } from '../diff/ask-server.js'
import { diffExports } from '../diff/export-diff.js'
import { openSet, type PublishedSet } from '../diff/published-set.js'
import { diffInWords } from '../diff/words.js'
import { CliError, EXIT } from '../exit.js'
import { folderHere, isExportId, isFolder } from '../export-folder.js'
import { inPath } from '../in-path.js'

/** The set of an id, or of its first digits, in the folder where the server has it. */
async function setOfId(client: Client, id: string): Promise<PublishedSet> {
  if (!isExportId(id)) {
    const message = `${id} is neither a folder here nor an export of this project; see flywheel export list`
    throw new CliError(EXIT.notFound, message)
  }
  const found = await client.v1.exports[':id'].$get({ param: { id: inPath(id) } })
  return openSet(await folderHere(await found.json()))
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
