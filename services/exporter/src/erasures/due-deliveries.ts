import {
  type Database,
  type ErasureDeliveryRow,
  type ExportRow,
  type PublishingRun,
  recipientsOf,
  runsOfExports,
} from '@flywheel/store'
import type { ExportPlan } from '../export-plans.js'
import type { WebhookDelivery } from '../webhook.js'
import { erasedMessage } from './erased-message.js'

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
 * Deliveries that nobody has noted yet, for every export that was replaced: to each receiver of what was published, and to
 * each place that is a recipient of it. Found from what is stored, so that a crash between an erasure and its
 * note loses none. A receiver that is configured later is told of earlier erasures too: it may hold those exports.
 */
export async function dueDeliveries(
  { db, project_id, plans, outDir, now }: DueOptions,
  exports: readonly ExportRow[],
  known: readonly ErasureDeliveryRow[],
): Promise<ErasureDeliveryRow[]> {
  const replaced = exports.filter(({ status }) => status === 'superseded')
  if (replaced.length === 0) return []
  const byId = new Map(exports.map((row) => [row.id, row]))
  const next = successorsOf(exports)
  const roots = new Map(replaced.map((row) => [row.id, rootOf(row, byId)]))
  const runs = await runsOfExports(db, project_id, [...new Set(roots.values())])
  const ids = replaced.map(({ id }) => id)
  const recipients = await recipientsOf(db, project_id, ids)
  const noted = new Set(known.map(({ export_id, kind, name }) => `${export_id} ${kind} ${name}`))
  const due: ErasureDeliveryRow[] = []
  for (const row of replaced) {
    const given = recipients.filter(({ export_id }) => export_id === row.id).map(({ recipient }) => recipient)
    const published = runs.filter(({ export_id }) => export_id === roots.get(row.id))
    const receivers = receiversOf(published, plans).map((name) => ({ kind: 'webhook' as const, name }))
    const places = given.flatMap((name) => {
      const kind = kindOf(name)
      return kind === null ? [] : [{ kind, name }]
    })
    const unique = new Map([...receivers, ...places].map((each) => [`${row.id} ${each.kind} ${each.name}`, each]))
    const missing = [...unique].filter(([key]) => !noted.has(key)).map(([, each]) => each)
    if (missing.length === 0) continue
    const successor = next.get(row.id) ?? null
    const message = JSON.stringify(await erasedMessage(outDir, row, successor, given))
    const at = now().toISOString()
    for (const { kind, name } of missing) {
      const about = { project_id, export_id: row.id, kind, name, replaced_by: successor?.id ?? '' }
      due.push({ ...about, status: 'open', attempts: 0, message, remains: '', created_at: at, updated_at: at })
    }
  }
  return due
}
