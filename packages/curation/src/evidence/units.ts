import { DisjointSets } from '../near/disjoint-sets.js'
import { byCodeUnit } from '../text/canonical-json.js'
import { promptKey } from './prompt-key.js'

/** What joins one feedback event to others. */
export interface FeedbackKeys {
  id: string
  target_kind: string
  target: string
  /** Interactions among its candidates. */
  candidates: string[]
  retracts: string | null
  /** Of its texts. */
  bytes: number
}

/** What joins one link. */
export interface LinkKeys {
  id: string
  target_kind: string
  target: string
  ref: string
}

/** What joins one interaction that feedback may be about, or that stands in one turn or session with it. */
export interface InteractionKeys {
  id: string
  turn_id: string
  session_id: string
  provider_response_id: string
  prompt_hash: string
  /** Of its bodies. */
  bytes: number
}

/** Where a row of a table with targets is found. */
export interface TargetedId {
  target: string
  id: string
}

/** A part of a snapshot that no join crosses. */
export interface Unit {
  /** Sorted. */
  interactions: string[]
  /** By target, then id. */
  feedback: TargetedId[]
  links: TargetedId[]
  bytes: number
}

/** Which joins a recipe's strategies make beside those of targets, turns and candidates. */
export interface UnitJoins {
  /** Samples of one prompt are compared with each other. */
  prompts: boolean
  /** A turn is compared with the one before it in its session. */
  sessions: boolean
}

interface Placed {
  place: number
  bytes: number
}

interface PlacedInteraction extends Placed {
  id: string
  turn: number
  /** -1 where sessions join nothing. */
  session: number
  /** By a response that something points at. */
  isNamed: boolean
}

/**
 * Cuts a snapshot into units: parts that no join of curation crosses, so that each may be read, joined and judged by
 * itself and all of them together give what the whole would. Holds keys alone: at most a kilobyte an event while they are cut.
 *
 * Feedback and links are added before interactions: what nothing points at joins nothing by a response.
 *
 * Interactions that nothing here is about, nor stands beside one that something is about, are left out: a snapshot is
 * the same when feedback on others comes after it.
 */
export class UnitBuilder {
  readonly #joins: UnitJoins
  readonly #places = new Map<string, number>()
  readonly #edges: [number, number][] = []
  /** Places that feedback, candidates and links name, as interactions and as turns. */
  readonly #named = { interactions: new Set<number>(), turns: new Set<number>() }
  readonly #interactions: PlacedInteraction[] = []
  readonly #feedback: (Placed & TargetedId)[] = []
  readonly #links: (Placed & TargetedId)[] = []

  constructor(joins: UnitJoins) {
    this.#joins = joins
  }

  #place(kind: string, key: string): number {
    const name = `${kind}${key}`
    const known = this.#places.get(name)
    if (known !== undefined) return known
    this.#places.set(name, this.#places.size)
    return this.#places.size - 1
  }

  // Ids of interactions and of turns share a name: the turn of a single call is named by it.
  #target(kind: string, target: string): number {
    const place = this.#place(kind === 'ref' || kind === 'response' ? kind : '', target)
    if (kind === 'interaction') this.#named.interactions.add(place)
    if (kind === 'turn') this.#named.turns.add(place)
    return place
  }

  addFeedback({ id, target_kind, target, candidates, retracts, bytes }: FeedbackKeys): void {
    const place = this.#target(target_kind, target)
    this.#feedback.push({ place, id, target, bytes })
    for (const candidate of candidates) this.#edges.push([place, this.#target('interaction', candidate)])
    if (retracts === null) return
    this.#edges.push([place, this.#place('event', retracts)])
  }

  addLink({ id, target_kind, target, ref }: LinkKeys): void {
    const place = this.#place('ref', ref)
    this.#links.push({ place, id, target, bytes: 0 })
    this.#edges.push([place, this.#target(target_kind, target)])
  }

  addInteraction({ id, turn_id, session_id, provider_response_id, prompt_hash, bytes }: InteractionKeys): void {
    const place = this.#place('', id)
    const turn = turn_id === id ? place : this.#place('', turn_id)
    const session = this.#joins.sessions && session_id !== '' ? this.#place('session', session_id) : -1
    const response = this.#places.get(`response${provider_response_id}`)
    this.#interactions.push({ place, id, bytes, turn, session, isNamed: response !== undefined })
    if (turn !== place) this.#edges.push([place, turn])
    if (response !== undefined) this.#edges.push([place, response])
    const prompt = promptKey(prompt_hash)
    if (this.#joins.prompts && prompt !== '') this.#edges.push([place, this.#place('prompt', prompt)])
    if (session !== -1) this.#edges.push([place, session])
  }

  /** Those that something is about, with the other steps of their turns and, where they join, of their sessions. */
  #wanted(): PlacedInteraction[] {
    const { interactions, turns } = this.#named
    const beside = new Set<number>()
    for (const { place, turn, session, isNamed } of this.#interactions) {
      if (!isNamed && !interactions.has(place) && !turns.has(turn)) continue
      beside.add(turn)
      if (session !== -1) beside.add(session)
    }
    return this.#interactions.filter(({ turn, session }) => beside.has(turn) || beside.has(session))
  }

  /**
   * The units in the order of their first interaction, each of at least one component of what is joined and, but where
   * one component is larger, of no more than so many bytes.
   */
  finish(maxBytes: number): Unit[] {
    for (const { place, id } of this.#feedback) {
      // What another event takes back stands in its unit.
      const event = this.#places.get(`event${id}`)
      if (event !== undefined) this.#edges.push([place, event])
    }
    const sets = new DisjointSets(this.#places.size)
    for (const [a, b] of this.#edges) sets.union(a, b)
    const components = new Map<number, Unit>()
    const componentOf = (place: number): Unit => {
      const root = sets.find(place)
      const known = components.get(root)
      if (known !== undefined) return known
      const made: Unit = { interactions: [], feedback: [], links: [], bytes: 0 }
      components.set(root, made)
      return made
    }
    const weigh = (unit: Unit, bytes: number): void => {
      unit.bytes += bytes + ROW_BYTES
    }
    for (const { place, id, bytes } of this.#wanted()) {
      const unit = componentOf(place)
      unit.interactions.push(id)
      weigh(unit, bytes)
    }
    for (const [rows, kind] of [
      [this.#feedback, 'feedback'],
      [this.#links, 'links'],
    ] as const) {
      for (const { place, id, target, bytes } of rows) {
        const unit = componentOf(place)
        unit[kind].push({ target, id })
        weigh(unit, bytes)
      }
    }
    for (const unit of components.values()) unit.interactions.sort(byCodeUnit)
    const firstOf = ({ interactions, feedback, links }: Unit): string =>
      interactions[0] ?? feedback[0]?.id ?? links[0]?.id ?? ''
    const ordered = [...components.values()].sort((a, b) => byCodeUnit(firstOf(a), firstOf(b)))
    return pack(ordered, maxBytes)
  }
}

/** What a row weighs beside its texts. */
const ROW_BYTES = 600

/** Joins neighbours to units of no more than so many bytes, and puts each unit's rows in order. */
function pack(components: readonly Unit[], maxBytes: number): Unit[] {
  const units: Unit[] = []
  for (const { interactions, feedback, links, bytes } of components) {
    const last = units.at(-1)
    if (last === undefined || last.bytes + bytes > maxBytes) {
      units.push({ interactions: [...interactions], feedback: [...feedback], links: [...links], bytes })
      continue
    }
    for (const id of interactions) last.interactions.push(id)
    for (const each of feedback) last.feedback.push(each)
    for (const each of links) last.links.push(each)
    last.bytes += bytes
  }
  const order = (a: TargetedId, b: TargetedId): number => byCodeUnit(a.target, b.target) || byCodeUnit(a.id, b.id)
  for (const unit of units) {
    unit.interactions.sort(byCodeUnit)
    unit.feedback.sort(order)
    unit.links.sort(order)
  }
  return units
}
