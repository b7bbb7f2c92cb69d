import { createTurns, type Logger } from '@flywheel/runtime'
import {
  allExports,
  type Database,
  type ErasureDeliveryRow,
  type ExportRow,
  erasureDeliveries,
  projectsWithOpenDeliveries,
  recordErasureDeliveries,
} from '@flywheel/store'
import type { Announcer } from '../announcer.js'
import type { ErasedExport } from '../erase-export.js'
import { type ExportPlan, plansOf } from '../export-plans.js'
import { byHandAtHub } from '../hub-destination.js'
import { addressIn } from '../s3-client.js'
import { type DeliveryState, deliverToBucket } from './deliver-to-bucket.js'
import { dueDeliveries, successorsOf } from './due-deliveries.js'
import type { ErasedMessage } from './erased-message.js'

/** What tells of erasures is made of. */
export interface ErasureCourierOptions {
  db: Database
  plans: readonly ExportPlan[]
  /** Folder that holds one folder an export. */
  outDir: string
  announcer: Announcer
  logger: Logger
  /** How often it looks for what could not be delivered. @default 300_000 */
  redeliver_ms?: number | undefined
  /** How often it looks whether a person has done what was left to do by hand. @default 3_600_000 */
  recheck_ms?: number | undefined
}

/** Tells receivers and buckets which exports were replaced, beside the runs, which wait for none of them. */
export interface ErasureCourier {
  /**
   * Notes whom the erasures of a project are still to be told to, in the store, and begins to. Resolves once they are
   * noted; what is not delivered then is tried again later, after a restart too. Never rejects.
   * @param missing exports that hold rows which must leave, and whose folders are not here: their buckets are cleaned
   */
  send(project_id: string, missing?: readonly ErasedExport[]): Promise<void>
  /** Ends what is under way; the next start goes on with it. */
  close(): Promise<void>
}

const keyOf = ({ export_id, kind, name }: ErasureDeliveryRow): string => `${export_id} ${kind} ${name}`

/** The export that stands in the place of a replaced one, however often it was replaced. */
function currentOf(id: string, next: ReadonlyMap<string, ExportRow>): ExportRow | null {
  let row = next.get(id)
  while (row?.status === 'superseded') row = next.get(row.id)
  return row ?? null
}

/** What a person has to do for a receiver that nobody can reach any more. */
const notConfigured = (name: string): string =>
  `no plan has a webhook ${name} for export.erased any more: tell its owner, or configure it again`

/** Creates the courier of one process. */
export function createErasureCourier(options: ErasureCourierOptions): ErasureCourier {
  const { db, plans, outDir, announcer, logger, redeliver_ms = 300_000, recheck_ms = 3_600_000 } = options
  const stop = new AbortController()
  const { inTurn } = createTurns()
  const underWay = new Set<Promise<unknown>>()
  const inFlight = new Set<string>()

  function keep(work: Promise<unknown>): void {
    const kept = work.finally(() => underWay.delete(kept))
    underWay.add(kept)
  }

  async function note(row: ErasureDeliveryRow, state: DeliveryState & { attempts?: number }): Promise<void> {
    const { attempts = 1, ...now } = state
    const updated_at = new Date(Math.max(Date.now(), Date.parse(row.updated_at) + 1)).toISOString()
    await recordErasureDeliveries(db, [{ ...row, ...now, attempts: row.attempts + attempts, updated_at }])
    const { project_id, export_id, kind, name } = row
    if (now.status === 'done') logger.info({ project_id, export_id, kind, name }, 'told of an erasure')
    else logger.warn({ project_id, export_id, kind, name, why: now.remains }, 'an erasure is not all delivered')
  }

  /** Says it once: what has not changed since is not said again. */
  async function leaveByHand(row: ErasureDeliveryRow, remains: string): Promise<void> {
    if (row.status === 'by_hand' && row.remains === remains) return
    await note(row, { status: 'by_hand', remains, attempts: 0 })
  }

  function tell(row: ErasureDeliveryRow, onEnd: () => void): void {
    const target = plansOf(plans, row.project_id)
      .flatMap(({ webhooks }) => webhooks)
      .find(({ name }) => name === row.name)
    if (target === undefined || !target.events.includes('export.erased')) {
      keep(leaveByHand(row, notConfigured(row.name)).catch(onError).finally(onEnd))
      return
    }
    const data = { ...(JSON.parse(row.message) as ErasedMessage) }
    // The same id, time and body in every attempt, those after a restart too.
    const id = `${row.replaced_by || row.export_id}.export.erased`
    announcer.announce([target], { id, type: 'export.erased', timestamp: row.created_at, data }, async ([sent]) => {
      try {
        const { attempts = 0, error = null, http_status = null } = sent ?? {}
        if (error === null) await note(row, { status: 'done', remains: '', attempts })
        else if (http_status === 410)
          await note(row, { status: 'by_hand', remains: `${row.name} asks for no more messages (410)`, attempts })
        else
          await note(row, { status: 'failed', remains: `${row.name}: ${error}; the next sweep tries again`, attempts })
      } finally {
        onEnd()
      }
    })
  }

  async function bring(row: ErasureDeliveryRow, current: ExportRow | null): Promise<void> {
    if (stop.signal.aborted) return
    if (row.kind === 'hub') {
      await leaveByHand(row, byHandAtHub(row.name, current?.id ?? null))
      return
    }
    // Whose plan copies nothing there has no business there, whatever somebody noted as a recipient.
    const destination = plansOf(plans, row.project_id)
      .flatMap(({ destinations }) => destinations)
      .filter((each) => each.kind === 's3')
      .find((each) => addressIn(each, row.export_id) === row.name)
    if (destination === undefined) {
      const why = 'no destination of a plan is there any more'
      await leaveByHand(row, `${row.name}: ${why}; remove what stands there`)
      return
    }
    await note(row, await deliverToBucket({ db, row, current, destination, outDir, signal: stop.signal }))
  }

  function begin(row: ErasureDeliveryRow, next: ReadonlyMap<string, ExportRow>): void {
    const key = keyOf(row)
    inFlight.add(key)
    const onEnd = (): void => void inFlight.delete(key)
    if (row.kind === 'webhook') tell(row, onEnd)
    // One bucket after the other: each may be a slow line.
    else
      keep(
        inTurn('places', () => bring(row, currentOf(row.export_id, next)))
          .catch(onError)
          .finally(onEnd),
      )
  }

  const onError = (error: unknown): void => logger.warn({ error }, 'what became of an erasure cannot be noted')

  const isSeenBefore = ({ updated_at }: ErasureDeliveryRow): boolean =>
    Date.now() - Date.parse(updated_at) >= recheck_ms

  function isWaiting(row: ErasureDeliveryRow): boolean {
    if (row.status !== 'by_hand') return row.status === 'open' || row.status === 'failed'
    // A receiver that asked to be left alone is.
    const isLeftAlone = row.kind === 'webhook' && row.remains !== notConfigured(row.name)
    return !isLeftAlone && isSeenBefore(row)
  }

  async function sendNow(project_id: string, missing: readonly ErasedExport[]): Promise<void> {
    if (stop.signal.aborted) return
    // Before the rows are read: what ends meanwhile reads as open still.
    const busy = new Set(inFlight)
    const exports = await allExports(db, project_id)
    const known = await erasureDeliveries(db, project_id)
    const isAny = known.length > 0 || missing.length > 0 || exports.some(({ status }) => status === 'superseded')
    if (!isAny) return
    const about = { db, project_id, plans: plansOf(plans, project_id), outDir, now: () => new Date() }
    const due = await dueDeliveries(about, exports, known, missing)
    await recordErasureDeliveries(db, due)
    const next = successorsOf(exports)
    const again = new Set(due.map(keyOf))
    for (const row of [...known.filter((each) => isWaiting(each) && !again.has(keyOf(each))), ...due])
      if (!busy.has(keyOf(row)) && !inFlight.has(keyOf(row)) && !stop.signal.aborted) begin(row, next)
  }

  function send(project_id: string, missing: readonly ErasedExport[] = []): Promise<void> {
    const sending = inTurn(project_id, () => sendNow(project_id, missing)).catch((error: unknown) =>
      logger.warn({ error, project_id }, 'erasures that are still to be told cannot be read'),
    )
    keep(sending)
    return sending
  }

  async function resume(): Promise<void> {
    const seen_before = new Date(Date.now() - recheck_ms).toISOString()
    for (const project_id of await projectsWithOpenDeliveries(db, seen_before)) await send(project_id)
  }
  const timer = setInterval(() => keep(resume().catch(onError)), redeliver_ms)
  timer.unref()

  return {
    send,
    async close() {
      clearInterval(timer)
      stop.abort()
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}
