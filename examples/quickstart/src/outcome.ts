import { setTimeout as sleep } from 'node:timers/promises'
import { createApi } from './api.js'
import type { Server } from './server.js'

type Connection = Pick<Server, 'url' | 'apiKey'>

/** The server's sums, as `GET /v1/accounting` answers them. */
export interface Accounting {
  created: number
  dropped: number
  accepted: number
  rejected: number
  repeats: number
  in_log: number
  distinct: number
  stored: number
  dead_lettered: number
  erased: number
  balanced: boolean
}

export interface FunnelStep {
  gate: string
  in: number
  out: number
  dropped: Record<string, number>
}

/** What an export answers. */
export interface Dataset {
  export_id: string
  dataset: string
  pairs: number
  unpaired: number
  supervised: number
  funnel: FunnelStep[]
  first_row: unknown
}

/** Resolves when nothing accepted is still on its way to the store. */
export async function settle(server: Connection, timeoutMs = 60_000): Promise<void> {
  const api = createApi(server.url, server.apiKey)
  const until = Date.now() + timeoutMs
  for (;;) {
    const { in_log } = await api.get<Accounting>('/v1/accounting')
    if (in_log === 0) return
    if (Date.now() > until) throw new Error(`${in_log} accepted events are not stored after ${timeoutMs} ms`)
    await sleep(50)
  }
}

/** Exports with settling times of 0. */
export async function exportDataset(server: Connection): Promise<Dataset> {
  const api = createApi(server.url, server.apiKey)
  const { dir, ...summary } = await api.post<Omit<Dataset, 'dataset'> & { dir: string }>('/v1/exports', {
    recipe: { name: 'quickstart', settling: { committed_ms: 0, draft_ms: 0, late_feedback_ms: 0 } },
  })
  return { ...summary, dataset: dir }
}

/** The sums of everything that this server ever accepted, and how many interactions and feedback it holds. */
export async function sums(server: Connection): Promise<Accounting & { interactions: number; feedback: number }> {
  const api = createApi(server.url, server.apiKey)
  const accounting = await api.get<Accounting>('/v1/accounting')
  const count = async (table: string): Promise<number> => {
    const { rows } = await api.post<{ rows: { n: number | string }[] }>('/v1/query', {
      sql: `SELECT count() AS n FROM ${table} FINAL`,
    })
    return Number(rows[0]?.n)
  }
  return { ...accounting, interactions: await count('interactions'), feedback: await count('feedback') }
}
