import {
  type Database,
  type ErasureDeliveryRow,
  type ExportRow,
  type PublishingRun,
  recipientsOf,
  runsOfExports,
} from '@flywheel/store'
import type { ErasedExport } from '../erase-export.js'
import type { ExportPlan } from '../export-plans.js'
import type { WebhookDelivery } from '../webhook.js'
import { erasedMessage, messageWithoutNext } from './erased-message.js'

/** A project and the plans that concern it. */
export interface DueOptions {
  db: Database
  project_id: string
  plans: readonly ExportPlan[]
  /** Folder that holds one folder an export. */
  outDir: string
  /** RFC 3339 UTC: when a delivery that is found due is noted. */
  now: () => Date
}

/** The erasure export in the place of each export that was replaced. */
export function successorsOf(exports: readonly ExportRow[]): Map<string, ExportRow> {
  return new Map(exports.filter(({ kind }) => kind === 'erasure').map((row) => [row.parent, row]))
}

/** The export that a run published, of which this one is what erasures left. */
function rootOf(row: ExportRow, byId: ReadonlyMap<string, ExportRow>): string {
  let root = row
  for (let next: ExportRow | undefined = row; next?.kind === 'erasure'; next = byId.get(next.parent)) root = next
  return root.kind === 'erasure' ? root.parent : root.id
}

const kindOf = (recipient: string): 's3' | 'hub' | null =>
  recipient.startsWith('s3://') ? 's3' : recipient.startsWith('hf://') ? 'hub' : null

/**
 * Names of the receivers of what some runs published: those of their plans, and those that were told of it then, whatever
 * the plan is called since. One that is configured no more is among them, so that a person learns of it.
 */
function receiversOf(runs: readonly PublishingRun[], plans: readonly ExportPlan[]): string[] {
  const configured = new Map(plans.flatMap(({ webhooks }) => webhooks).map((target) => [target.name, target]))
  const ofPlans = plans
    .filter(({ name }) => runs.some(({ recipe_name }) => recipe_name === name))
    .flatMap(({ webhooks }) => webhooks.map(({ name }) => name))
  const told = runs
    .flatMap(({ deliveries }) => JSON.parse(deliveries || '[]') as Partial<WebhookDelivery>[])
    .flatMap(({ kind, event, name }) => (kind === 'webhook' && event === 'export.published' && name ? [name] : []))
  return [...new Set([...ofPlans, ...told])].filter((name) => {
    const target = configured.get(name)
    return target === undefined || target.events.includes('export.erased')
  })
}

/**
 * Buckets that hold an export whose rows must leave and whose folder is not here: no erasure export can take its place, and
 * what a bucket lists is enough to take the old one out of it.
 */
async function dueInBuckets(
  { db, project_id, now }: DueOptions,
  missing: readonly ErasedExport[],
  noted: ReadonlySet<string>,
): Promise<ErasureDeliveryRow[]> {
  const recipients = await recipientsOf(
    db,
    project_id,
    missing.map(({ export_id }) => export_id),
  )
  return missing.flatMap(({ export_id, rows }) => {
    const given = recipients.filter((each) => each.export_id === export_id).map(({ recipient }) => recipient)
    const message = JSON.stringify(messageWithoutNext(project_id, export_id, rows, given))
    const at = now().toISOString()
    const common = { project_id, export_id, kind: 's3' as const, replaced_by: '', status: 'open' as const, attempts: 0 }
    return given
      .filter((name) => kindOf(name) === 's3' && !noted.has(`${export_id} s3 ${name}`))
      .map((name) => ({ ...common, name, message, remains: '', created_at: at, updated_at: at }))
  })
}

/**
 * Deliveries that nobody has noted yet, for every export that was replaced: to each receiver of what was published, and to
 * each place that is a recipient of it, and to the buckets of each that is `missing`. Found from what is stored, so that a
 * crash between an erasure and its note loses none. A receiver that is configured later is told of earlier erasures too: it
 * may hold those exports.
 */
export async function dueDeliveries(
  options: DueOptions,
  exports: readonly ExportRow[],
  known: readonly ErasureDeliveryRow[],
  missing: readonly ErasedExport[] = [],
): Promise<ErasureDeliveryRow[]> {
  const { db, project_id, plans, outDir, now } = options
  const replaced = exports.filter(({ status }) => status === 'superseded')
  const keyOf = ({ export_id, kind, name }: ErasureDeliveryRow): string => `${export_id} ${kind} ${name}`
  const due =
    missing.length === 0 ? [] : await dueInBuckets(options, missing, new Set(known.map((each) => keyOf(each))))
  if (replaced.length === 0) return due
  const byId = new Map(exports.map((row) => [row.id, row]))
  const next = successorsOf(exports)
  const roots = new Map(replaced.map((row) => [row.id, rootOf(row, byId)]))
  const runs = await runsOfExports(db, project_id, [...new Set(roots.values())])
  const ids = replaced.map(({ id }) => id)
  const recipients = await recipientsOf(db, project_id, ids)
  // A folder that was away and came back has a successor that its buckets were never told of.
  const isStale = ({ kind, replaced_by, export_id }: ErasureDeliveryRow): boolean =>
    kind === 's3' && replaced_by === '' && next.has(export_id)
  const noted = new Set(known.filter((each) => !isStale(each)).map((each) => keyOf(each)))
  for (const row of replaced) {
    const given = recipients.filter(({ export_id }) => export_id === row.id).map(({ recipient }) => recipient)
    const published = runs.filter(({ export_id }) => export_id === roots.get(row.id))
    const receivers = receiversOf(published, plans).map((name) => ({ kind: 'webhook' as const, name }))
    const places = given.flatMap((name) => {
      const kind = kindOf(name)
      return kind === null ? [] : [{ kind, name }]
    })
    const unique = new Map([...receivers, ...places].map((each) => [`${row.id} ${each.kind} ${each.name}`, each]))
    const unnoted = [...unique].filter(([key]) => !noted.has(key)).map(([, each]) => each)
    if (unnoted.length === 0) continue
    const successor = next.get(row.id) ?? null
    const message = JSON.stringify(await erasedMessage(outDir, row, successor, given))
    const at = now().toISOString()
    for (const { kind, name } of unnoted) {
      const about = { project_id, export_id: row.id, kind, name, replaced_by: successor?.id ?? '' }
      due.push({ ...about, status: 'open', attempts: 0, message, remains: '', created_at: at, updated_at: at })
    }
  }
  return due
}
