import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { recipeDelete } from '../src/commands/recipe.js'
import type { CommandContext } from '../src/context.js'

it('a name leads to no other route, whatever it holds', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"code":"not_found","detail":"none"}')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const flags = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, apiKey: 'fw_sk_any' }
  const context = { flags, signal: new AbortController().signal, output: {} } as CommandContext
  await expect(recipeDelete(context, '../keys/K1')).rejects.toThrow('none')
  await expect(recipeDelete(context, 'a?b#c')).rejects.toThrow('none')
  for (const name of ['', '.', '..']) await expect(recipeDelete(context, name)).rejects.toThrow('is no name')
  expect(asked).toEqual(['DELETE /v1/recipes/..%2Fkeys%2FK1', 'DELETE /v1/recipes/a%3Fb%23c'])
  await new Promise((done) => server.close(done))
})
