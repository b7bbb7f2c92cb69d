import type { Candidate } from '../candidate.js'
import type { EvaluationIndex } from '../near/evaluation-index.js'
import type { JoinedRows } from '../recipe/join.js'
import type { World } from '../world.js'

/** What curation cannot compute from a snapshot alone. */
export interface Ports {
  /** HMAC of event ids under the project's key, so that a row id names nobody. */
  rowId(ids: readonly string[]): string
  /** Language of a text as its ISO 639-1 code, `und` where it cannot be told: `languageOf` of `@flywheel/curation/language`. */
  languageOf(text: string): string
  /** Split that an earlier export gave to a member (user, session or prompt cluster), by `rowId([member])`. */
  assigned?(member: string): string | undefined
  /** The evaluation sets that the recipe names, prepared by `evaluationIndex`. */
  readonly evaluation?: EvaluationIndex | undefined
  /** The rows of the file that the recipe joins. */
  readonly joined?: JoinedRows | undefined
}

/** What a gate lets through and what it takes, each with its reason. Together they are what came in. */
export interface GateResult {
  kept: Candidate[]
  dropped: { candidate: Candidate; reason: string }[]
}

/** One station of the pipeline. One file each; add it to the registry in its place. */
export interface Gate {
  readonly id: string
  run(candidates: readonly Candidate[], world: World, ports: Ports): GateResult
}

type Judge = (candidate: Candidate, world: World, ports: Ports) => string | null

/**
 * A gate that judges each candidate by itself: a reason drops it, null lets it through. What cannot even be judged is
 * dropped as `unreadable`: one event that nobody foresaw must not stop every export after it.
 */
export function eachGate(id: string, judge: Judge): Gate {
  return {
    id,
    run(candidates, world, ports) {
      const result: GateResult = { kept: [], dropped: [] }
      for (const candidate of candidates) {
        const reason = judgement(judge, candidate, world, ports)
        if (reason === null) result.kept.push(candidate)
        else result.dropped.push({ candidate, reason })
      }
      return result
    },
  }
}

function judgement(judge: Judge, candidate: Candidate, world: World, ports: Ports): string | null {
  try {
    return judge(candidate, world, ports)
  } catch {
    return 'unreadable'
  }
}
