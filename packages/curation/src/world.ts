import type { Signatures } from './artefacts/signatures.js'
import { type ConsentBook, consentBook } from './evidence/consent.js'
import { type Answer, answerKey, type Evidence, type InteractionHead } from './evidence/evidence.js'
import { type FeedbackState, feedbackState } from './evidence/feedback-state.js'
import { neighbours } from './evidence/neighbours.js'
import { refsByInteraction } from './evidence/refs-of.js'
import { resolveTargets } from './evidence/resolve-targets.js'
import { parseTime } from './evidence/time.js'
import { promptCluster, promptHash } from './prompt/canonical-prompt.js'
import { type Exchange, parseExchange } from './prompt/message.js'
import type { Recipe } from './recipe.js'

/** A snapshot with its indexes: what every strategy and gate may look at. */
export interface World {
  recipe: Recipe
  /** Milliseconds: the snapshot's now. What may become of a row with time asks `hasPassed`. */
  now: number
  /** Whether the snapshot is not before a time, in milliseconds. Where it is, the world is not final. */
  hasPassed(time: number): boolean
  /** Whether every later snapshot of the same rows would say the same: nothing that was asked about is still to come. */
  isFinal(): boolean
  /** All feedback with its fate, by event id. */
  states: FeedbackState[]
  consent: ConsentBook
  head(id: string): InteractionHead | undefined
  /** Whether an interaction meets the recipe's filter. */
  isSelected(id: string): boolean
  /** Parsed bodies; undefined where retention has taken them or they were not read. */
  exchange(id: string): Exchange | undefined
  promptHash(id: string): string
  promptCluster(id: string): string
  /** Live feedback about one answer, by event id. */
  about(answer: Answer): FeedbackState[]
  /**
   * Answers with live feedback whose stored prompt is that of this one to the byte, itself among them, in the order of
   * their keys; one array for all of them.
   */
  samples(answer: Answer): readonly Answer[]
  /** Refs of the host's own for an interaction, sorted; only where the recipe joins by them. */
  refs(id: string): readonly string[]
  /** Ids of the later steps of an interaction's turn, sorted. */
  laterSteps(id: string): readonly string[]
  /** The interaction with text that came before in the same session, in an earlier turn. */
  previousInSession(id: string): string | undefined
  /** What authors add to every correction; read from the whole snapshot, of which this world may be a part. */
  signatures: Signatures
}

function memoise<T>(compute: (id: string) => T): (id: string) => T {
  const known = new Map<string, T>()
  return (id) => {
    if (!known.has(id)) known.set(id, compute(id))
    return known.get(id) as T
  }
}

/** Derives state and indexes from a snapshot. Nothing depends on the order of its rows. */
export function createWorld(evidence: Evidence, recipe: Recipe, signatures: Signatures = new Map()): World {
  const heads = new Map(evidence.interactions.map((head) => [head.id, head]))
  const selected = evidence.selected === undefined ? null : new Set(evidence.selected)
  const bodies = new Map(evidence.bodies.map((body) => [body.id, body]))
  const resolve = resolveTargets(evidence)
  const states = feedbackState(evidence.feedback, resolve)
  const refs = recipe.join?.by === 'ref' ? refsByInteraction(evidence.links, resolve) : new Map<string, string[]>()
  const byAnswer = new Map<string, FeedbackState[]>()
  for (const state of states) {
    if (state.fate !== 'live' || state.answer === null) continue
    const key = answerKey(state.answer)
    const list = byAnswer.get(key)
    if (list === undefined) byAnswer.set(key, [state])
    else list.push(state)
  }
  const exchange = memoise((id) => {
    const body = bodies.get(id)
    return body === undefined ? undefined : parseExchange(body)
  })
  const hashed = (of: (exchange: Exchange) => string): ((id: string) => string) =>
    memoise((id) => {
      const found = exchange(id)
      return found === undefined ? '' : of(found)
    })
  const now = parseTime(evidence.watermark)
  let isFinal = true
  return {
    recipe,
    now,
    hasPassed(time) {
      if (time <= now) return true
      isFinal = false
      return false
    },
    isFinal: () => isFinal,
    states,
    consent: consentBook(evidence, recipe.purpose),
    head: (id) => heads.get(id),
    isSelected: (id) => selected === null || selected.has(id),
    exchange,
    promptHash: hashed(promptHash),
    promptCluster: hashed(promptCluster),
    about: (answer) => byAnswer.get(answerKey(answer)) ?? [],
    refs: (id) => refs.get(id) ?? [],
    ...neighbours(evidence.interactions, states),
    signatures,
  }
}
