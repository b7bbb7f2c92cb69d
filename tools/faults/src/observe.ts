import { setTimeout as sleep } from 'node:timers/promises'
import { EVENT_TYPES, type EventType } from '@flywheel/schema'
import { EVENT_TABLES } from '@flywheel/store'
import type { AccountingAnswer, Observed } from './judge.js'

/** The system under test as its owner sees it: one address and a key with every scope. */
export interface Api {
  get<Body>(path: string): Promise<Body>
  rows<Row>(sql: string): Promise<Row[]>
}

/** Rows that one statement returns. */
const PAGE = 50_000

export function createApi(url: () => string, key: () => string): Api {
  async function ask<Body>(path: string, body?: object): Promise<Body> {
    const response = await fetch(`${url()}${path}`, {
      headers: { authorization: `Bearer ${key()}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(120_000),
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`)
    return JSON.parse(text) as Body
  }
  return {
    get: (path) => ask(path),
    rows: async <Row>(sql: string) => (await ask<{ rows: Row[] }>('/v1/query', { sql, limit: 100_000 })).rows,
  }
}

/** Waits until nothing accepted is left to be stored. */
export async function settled(api: Api, limit_ms: number): Promise<void> {
  const until = performance.now() + limit_ms
  let last = ''
  while (performance.now() < until) {
    try {
      const { backlog, errors } = await api.get<{ backlog: { records: number } | null; errors: unknown[] }>(
        '/v1/health',
      )
      if (backlog?.records === 0) return
      last = JSON.stringify({ backlog, errors })
    } catch (error) {
      last = String(error)
    }
    await sleep(100)
  }
  throw new Error(`The sink did not drain in ${limit_ms} ms: ${last}`)
}

/** Everything in the tables, in pages by id. */
export async function observe(api: Api): Promise<Observed> {
  const tables = {} as Observed['tables']
  const plainIds = {} as Observed['plainIds']
  for (const type of EVENT_TYPES) {
    tables[type] = await idsOf(api, EVENT_TABLES[type])
    const [row] = await api.rows<{ ids: number | string }>(`SELECT uniqExact(id) AS ids FROM ${EVENT_TABLES[type]}`)
    plainIds[type] = Number(row!.ids)
  }
  const dead = await api.rows<{ id: string }>('SELECT DISTINCT event_id AS id FROM dead_letters FINAL')
  const accounting = await api.get<AccountingAnswer>('/v1/accounting')
  return { tables, plainIds, dead: new Set(dead.map(({ id }) => id)), accounting }
}

async function idsOf(api: Api, table: (typeof EVENT_TABLES)[EventType]): Promise<Map<string, number>> {
  const rows = new Map<string, number>()
  let after = ''
  for (;;) {
    const page = await api.rows<{ key: string; copies: number | string }>(
      `SELECT toString(id) AS key, count() AS copies FROM ${table} FINAL
       WHERE toString(id) > '${after}' GROUP BY id ORDER BY key LIMIT ${PAGE}`,
    )
    for (const { key, copies } of page) rows.set(key, Number(copies))
    if (page.length < PAGE) return rows
    after = page.at(-1)!.key
  }
}
