import type { Scope } from '@flywheel/schema'
import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'
import { inPath } from '../in-path.js'

interface CreateFlags {
  public?: boolean
  name: string
  scope?: string[]
  origin?: string[]
}

/** `flywheel keys create`: the key on stdout, once. */
export async function keysCreate(context: CommandContext, own: CreateFlags): Promise<number> {
  const response = await createClient(context).v1.keys.$post({
    json: {
      kind: own.public === true ? 'pk' : 'sk',
      name: own.name,
      // The server names what it does not know, with the list of what it does.
      ...(own.scope === undefined ? {} : { scopes: own.scope as Scope[] }),
      ...(own.origin === undefined ? {} : { origins: own.origin }),
    },
  })
  const key = await response.json()
  context.output.one(key, key.key)
  context.output.say('Shown this once; only its hash is kept.')
  return EXIT.ok
}

/** `flywheel keys list`. */
export async function keysList(context: CommandContext): Promise<number> {
  const response = await createClient(context).v1.keys.$get({})
  const { items } = await response.json()
  context.output.rows(items, [
    { name: 'id', of: (row) => row.id },
    { name: 'kind', of: (row) => row.kind },
    { name: 'name', of: (row) => row.name, width: 30 },
    { name: 'status', of: (row) => row.status },
    { name: 'scopes', of: (row) => row.scopes.join(' '), width: 80 },
    { name: 'created_at', of: (row) => row.created_at },
  ])
  return EXIT.ok
}

/** `flywheel keys revoke`. */
export async function keysRevoke(context: CommandContext, id: string): Promise<number> {
  const response = await createClient(context).v1.keys[':id'].$delete({ param: { id: inPath(id) } })
  const key = await response.json()
  context.output.one(key, `${key.id} is ${key.status}`)
  return EXIT.ok
}
