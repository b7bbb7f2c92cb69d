import type { Evidence } from '../evidence/evidence.js'
import { parseTime } from '../evidence/time.js'
import { CANONICAL_PROMPT_VERSION } from '../prompt/canonical-prompt.js'
import { type Recipe, recipeHash } from '../recipe.js'
import { canonicalJson, sha256 } from '../text/canonical-json.js'

/** Versions of the code that decides what a row is; a change of any byte of the output raises one of them. */
export const CODE_VERSIONS: { curation: string; canonical_prompt: number; parquet: string } = {
  curation: '0.3.0',
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

/** Digest of a snapshot (see `snapshotOf`): every id with its content, in the order of ids. */
export function inputsOf(snapshot: Evidence): Inputs {
  const { interactions, bodies, feedback, links, consents } = snapshot
  const kinds = { interactions, bodies, feedback, links, consents }
  const lines = Object.entries(kinds).flatMap(([kind, rows]) =>
    rows.map((row) => `${kind} ${row.id} ${sha256(canonicalJson(row))}\n`),
  )
  if (snapshot.selected !== undefined) lines.push(`selected ${sha256([...snapshot.selected].sort().join('\n'))}\n`)
  lines.push(`project_consent ${canonicalJson(snapshot.project_consent)}\n`)
  return {
    digest: sha256(lines.join('')),
    interactions: interactions.length,
    feedback: feedback.length,
    links: links.length,
    consents: consents.length,
    bodies: bodies.length,
  }
}

/** Everything an export's bytes depend on. */
export interface ExportIdentity {
  watermark: string
  cutoff: string
  inputs: Inputs
  recipe: Recipe
  parent: string | null
  /** Hashes of registered evaluation sets. */
  evaluation_sets?: string[]
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
      evaluation_sets: [...(identity.evaluation_sets ?? [])].sort(),
    }),
  )
}
