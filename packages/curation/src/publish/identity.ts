import { createHash } from 'node:crypto'
import type { Evidence } from '../evidence/evidence.js'
import { parseTime } from '../evidence/time.js'
import { CANONICAL_PROMPT_VERSION } from '../prompt/canonical-prompt.js'
import { type Recipe, recipeHash } from '../recipe.js'
import { byCodeUnit, canonicalJson, sha256 } from '../text/canonical-json.js'

/** Versions of the code that decides what a row is; a change of any byte of the output raises one of them. */
export const CODE_VERSIONS: { curation: string; canonical_prompt: number; parquet: string } = {
  curation: '0.4.0',
  canonical_prompt: CANONICAL_PROMPT_VERSION,
  parquet: 'hyparquet-writer@0.17.0',
}

/** What an export was made from, as digests. */
export interface Inputs {
  /** SHA-256 over the id and content of every row of the snapshot. */
  digest: string
  interactions: number
  feedback: number
  links: number
  consents: number
  bodies: number
}

/** A time in the one spelling that identities use. */
export function canonicalTime(text: string): string {
  return new Date(parseTime(text)).toISOString()
}

const KINDS = ['interactions', 'bodies', 'feedback', 'links', 'consents'] as const

/** Half a SHA-256 as 16 characters: enough to tell rows apart, and 32 bytes of memory each. */
function short(text: string): string {
  return createHash('sha256').update(text).digest().toString('latin1', 0, 16)
}

/** What a unit of a snapshot adds to the digest: rows by kind and a hash of each row. */
export interface UnitInputs {
  counts: Record<(typeof KINDS)[number], number>
  hashes: string[]
}

/** Hashes of every row of a unit of a snapshot (see `snapshotOf`), with its kind, and of what the recipe's filter selects. */
export function unitInputs(snapshot: Pick<Evidence, (typeof KINDS)[number] | 'selected'>): UnitInputs {
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, snapshot[kind].length])) as UnitInputs['counts']
  const hashes = KINDS.flatMap((kind) => snapshot[kind].map((row) => short(`${kind} ${canonicalJson(row)}`)))
  for (const id of snapshot.selected ?? []) hashes.push(short(`selected ${id}`))
  return { counts, hashes }
}

/** The digest of a snapshot in units: the same however it is cut and whatever their order. */
export function inputsOfUnits(units: readonly UnitInputs[], project_consent: Evidence['project_consent']): Inputs {
  const digest = createHash('sha256')
  for (const hash of units.flatMap(({ hashes }) => hashes).sort(byCodeUnit)) digest.update(hash, 'latin1')
  digest.update(`project_consent ${canonicalJson(project_consent)}`)
  const sum = (kind: (typeof KINDS)[number]): number => units.reduce((total, { counts }) => total + counts[kind], 0)
  return {
    digest: digest.digest('hex'),
    interactions: sum('interactions'),
    feedback: sum('feedback'),
    links: sum('links'),
    consents: sum('consents'),
    bodies: sum('bodies'),
  }
}

/** Digest of a snapshot (see `snapshotOf`) that is in memory. */
export function inputsOf(snapshot: Evidence): Inputs {
  return inputsOfUnits([unitInputs(snapshot)], snapshot.project_consent)
}

/** Everything an export's bytes depend on. */
export interface ExportIdentity {
  watermark: string
  cutoff: string
  inputs: Inputs
  recipe: Recipe
  parent: string | null
  /** Export of another rule of splitting that holds people out whom the parent does not. @default none */
  held_out_by?: string
  /** Hashes of registered evaluation sets. */
  evaluation_sets?: string[]
  /** The joined file, by its bytes. @default none */
  join?: { file: string; sha256: string }
}

/** SHA-256 of the identity's canonical form: the same export has the same id wherever and whenever it runs. */
export function exportId(identity: ExportIdentity): string {
  return sha256(
    canonicalJson({
      watermark: canonicalTime(identity.watermark),
      cutoff: canonicalTime(identity.cutoff),
      input_digest: identity.inputs.digest,
      recipe: recipeHash(identity.recipe),
      code: CODE_VERSIONS,
      parent: identity.parent,
      ...(identity.held_out_by === undefined ? {} : { held_out_by: identity.held_out_by }),
      evaluation_sets: [...(identity.evaluation_sets ?? [])].sort(),
      ...(identity.join === undefined ? {} : { join: identity.join }),
    }),
  )
}
