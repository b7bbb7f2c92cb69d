import { expect, it } from 'vitest'
import { interaction, ndjson } from './events.js'
import { ask, drained, makeFolder, start } from './support.js'

it('lets any ClickHouse client read the store, with a secret key that may run SQL and no other', async () => {
  const folder = await makeFolder()
  const server = await start(folder.path, { clickhousePort: 0 })
  try {
    const secret = server.keys?.secret ?? ''
    const url = server.clickhouseUrl ?? ''
    const query = (key: string, sql: string) =>
      fetch(url, { method: 'POST', body: sql, headers: { authorization: `Basic ${btoa(`any:${key}`)}` } })
    await ask(server.url, secret, '/v1/events', ndjson([interaction(), interaction()]))
    await drained(server.url, secret)
    expect(await (await query(secret, 'SELECT count() FROM interactions')).text()).toBe('2\n')
    expect((await query(secret, 'DROP TABLE interactions')).status).toBe(403)

    const { body } = await ask<{ key: string; id: string }>(server.url, secret, '/v1/keys', {
      kind: 'sk',
      name: 'reads',
      scopes: ['read'],
    })
    for (const key of [server.keys?.public ?? '', body.key, `${secret.slice(0, -1)}?`]) {
      const refused = await query(key, 'SELECT 1')
      expect({ status: refused.status, code: refused.headers.get('x-clickhouse-exception-code') }).toEqual({
        status: 403,
        code: '516',
      })
    }
    expect((await fetch(`${url}/?query=SELECT%201`)).status).toBe(401)
    expect(await (await fetch(`${url}/ping`)).text()).toBe('Ok.\n')
  } finally {
    await server.stop()
    await folder.remove()
  }
})

it('is off unless it was asked for', async () => {
  const folder = await makeFolder()
  const server = await start(folder.path)
  expect(server.clickhouseUrl).toBeUndefined()
  await server.stop()
  await folder.remove()
})
