import { DisjointSets } from '../near/disjoint-sets.js'
import { byCodeUnit } from '../text/canonical-json.js'
import { promptKey } from './prompt-key.js'

/**
 * What tells a row from another of its id: 48 bits of a hash each. Then until when its texts may be kept, in seconds since
 * 1970; 0 where there are none.
 */
export type RowVersion = readonly [high: number, low: number, until: number]

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
  version?: RowVersion
}

/** What joins one link. */
export interface LinkKeys {
  id: string
  target_kind: string
  target: string
  ref: string
  version?: RowVersion
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
  version?: RowVersion
}

/**
 * The parts of a snapshot that are joined: no join of curation crosses from one to another. Numbered in the order of
 * their first rows.
 */
export interface Components {
  /** How many there are. */
  count: number
  /** Components by id. A row that is in none is left out. */
  interactions: ReadonlyMap<string, number>
  feedback: ReadonlyMap<string, number>
  links: ReadonlyMap<string, number>
  /** 24 digits: the same rows in the same versions, in whatever order they came. Rows without versions say nothing. */
  versionOf(component: number): string
  /** Until when every text of a component may be kept, in seconds since 1970; null where it has none with an end. */
  untilOf(component: number): number | null
  /**
   * Packs neighbours to units, each of at least one component and, but where one is larger, of no more than so many
   * bytes.
   * @param isWanted which are packed. @default all
   */
  pack(maxBytes: number, isWanted?: (component: number) => boolean): Units
}

/** Components that are read, joined and judged together, numbered in the order of their first rows. */
export interface Units {
  count: number
  /** Of each component, -1 where it is in none. */
  unitOf: Int32Array
}

/** Which joins a recipe's strategies make beside those of targets, turns and candidates. */
export interface UnitJoins {
  /** Samples of one prompt are compared with each other. */
  prompts: boolean
  /** A turn is compared with the one before it in its session. */
  sessions: boolean
}

/** Rows of one table, a list for each of their columns: a row takes a few words of memory beside its id. */
class Rows {
  readonly ids: string[] = []
  readonly places: number[] = []
  readonly bytes: number[] = []
  readonly versions: [high: number[], low: number[]] = [[], []]
  readonly untils: number[] = []

  add(id: string, place: number, bytes: number, version: RowVersion | undefined): void {
    this.ids.push(id)
    this.places.push(place)
    this.bytes.push(bytes)
    if (version === undefined) return
    for (const half of [0, 1] as const) this.versions[half].push(version[half])
    this.untils.push(version[2])
  }
}

/**
 * Cuts a snapshot into components: parts that no join of curation crosses, so that each may be read, joined and judged by
 * itself, or several together, and all of them give what the whole would. Holds keys alone: some 300 bytes an event.
 *
 * Feedback and links are added before interactions: what nothing points at joins nothing by a response.
 *
 * Interactions that nothing here is about, nor stands beside one that something is about, are left out: a snapshot is
 * the same when feedback on others comes after it.
 */
export class UnitBuilder {
  readonly #joins: UnitJoins
  readonly #places = new Map<string, number>()
  /** Two places after the other. */
  readonly #edges: number[] = []
  /** Places that feedback, candidates and links name, as interactions and as turns. */
  readonly #named = { interactions: new Set<number>(), turns: new Set<number>() }
  readonly #interactions = new Rows()
  readonly #turns: number[] = []
  /** -1 where sessions join nothing. */
  readonly #sessions: number[] = []
  /** Rows of interactions that something points at by their response. */
  readonly #answered = new Set<number>()
  readonly #feedback = new Rows()
  readonly #links = new Rows()

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

  addFeedback({ id, target_kind, target, candidates, retracts, bytes, version }: FeedbackKeys): void {
    const place = this.#target(target_kind, target)
    this.#feedback.add(id, place, bytes, version)
    for (const candidate of candidates) this.#edges.push(place, this.#target('interaction', candidate))
    if (retracts === null) return
    this.#edges.push(place, this.#place('event', retracts))
  }

  addLink({ id, target_kind, target, ref, version }: LinkKeys): void {
    const place = this.#place('ref', ref)
    this.#links.add(id, place, 0, version)
    this.#edges.push(place, this.#target(target_kind, target))
  }

  addInteraction(row: InteractionKeys): void {
    const { id, turn_id, session_id, provider_response_id, prompt_hash, bytes, version } = row
    const place = this.#place('', id)
    const turn = turn_id === id ? place : this.#place('', turn_id)
    const session = this.#joins.sessions && session_id !== '' ? this.#place('session', session_id) : -1
    const response = this.#places.get(`response${provider_response_id}`)
    if (response !== undefined) this.#answered.add(this.#interactions.ids.length)
    this.#interactions.add(id, place, bytes, version)
    this.#turns.push(turn)
    this.#sessions.push(session)
    if (turn !== place) this.#edges.push(place, turn)
    if (response !== undefined) this.#edges.push(place, response)
    const prompt = promptKey(prompt_hash)
    if (this.#joins.prompts && prompt !== '') this.#edges.push(place, this.#place('prompt', prompt))
    if (session !== -1) this.#edges.push(place, session)
  }

  /** Whether something is about an interaction, another step of its turn or, where they join, of its session; by row. */
  #wanted(): (row: number) => boolean {
    const { interactions, turns } = this.#named
    const beside = new Set<number>()
    for (const [row, place] of this.#interactions.places.entries()) {
      const isNamed = this.#answered.has(row)
      const [turn, session] = [this.#turns[row]!, this.#sessions[row]!]
      if (!isNamed && !interactions.has(place) && !turns.has(turn)) continue
      beside.add(turn)
      if (session !== -1) beside.add(session)
    }
    return (row) => beside.has(this.#turns[row]!) || beside.has(this.#sessions[row]!)
  }

  #join(): DisjointSets {
    for (const [row, id] of this.#feedback.ids.entries()) {
      // What another event takes back stands in its unit.
      const event = this.#places.get(`event${id}`)
      if (event !== undefined) this.#edges.push(this.#feedback.places[row]!, event)
    }
    const sets = new DisjointSets(this.#places.size)
    for (let at = 0; at < this.#edges.length; at += 2) sets.union(this.#edges[at]!, this.#edges[at + 1]!)
    return sets
  }

  /** What was added, joined. Nothing can be added after it. */
  finish(): Components {
    const sets = this.#join()
    const isWanted = this.#wanted()
    const tables = [
      { rows: this.#interactions, isIn: isWanted },
      { rows: this.#feedback, isIn: () => true },
      { rows: this.#links, isIn: () => true },
    ]
    const bytes = new Float64Array(this.#places.size)
    const versions = [new Float64Array(this.#places.size), new Float64Array(this.#places.size)] as const
    const untils = new Float64Array(this.#places.size).fill(Number.POSITIVE_INFINITY)
    // Of each component the first of its interactions; of one without any, of its feedback, else of its links.
    const first = new Map<number, string>()
    for (const { rows, isIn } of tables) {
      const mine = new Map<number, string>()
      for (const [row, id] of rows.ids.entries()) {
        if (!isIn(row)) continue
        const root = sets.find(rows.places[row]!)
        bytes[root]! += rows.bytes[row]! + ROW_BYTES
        // A sum, so that no order is assumed.
        for (const half of [0, 1] as const) {
          versions[half][root] = (versions[half][root]! + (rows.versions[half][row] ?? 0)) % VERSIONS
        }
        const until = rows.untils[row] ?? 0
        if (until > 0 && until < untils[root]!) untils[root] = until
        const known = mine.get(root)
        if (!first.has(root) && (known === undefined || id < known)) mine.set(root, id)
      }
      for (const [root, id] of mine) first.set(root, id)
    }
    const ordered = Int32Array.from([...first].sort(([, a], [, b]) => byCodeUnit(a, b)).map(([root]) => root))
    const componentOf = new Int32Array(this.#places.size)
    for (const [component, root] of ordered.entries()) componentOf[root] = component
    const [interactions, feedback, links] = tables.map(({ rows, isIn }) => {
      const components = new Map<string, number>()
      for (const [row, id] of rows.ids.entries()) {
        if (isIn(row)) components.set(id, componentOf[sets.find(rows.places[row]!)]!)
      }
      return components
    })
    return {
      count: ordered.length,
      interactions: interactions!,
      feedback: feedback!,
      links: links!,
      versionOf: (component) =>
        versions.map((half) => half[ordered[component]!]!.toString(16).padStart(12, '0')).join(''),
      untilOf: (component) => {
        const until = untils[ordered[component]!]!
        return until === Number.POSITIVE_INFINITY ? null : until
      },
      pack: (maxBytes, isWanted = () => true) =>
        pack(
          Float64Array.from(ordered, (root) => bytes[root]!),
          maxBytes,
          isWanted,
        ),
    }
  }
}

/** What a row weighs beside its texts. */
const ROW_BYTES = 600
/** How many versions each half tells apart. */
const VERSIONS = 2 ** 48

function pack(bytes: Float64Array, maxBytes: number, isWanted: (component: number) => boolean): Units {
  const unitOf = new Int32Array(bytes.length).fill(-1)
  let count = 0
  let weight = Number.POSITIVE_INFINITY
  for (const [component, own] of bytes.entries()) {
    if (!isWanted(component)) continue
    weight += own
    if (weight > maxBytes) {
      count++
      weight = own
    }
    unitOf[component] = count - 1
  }
  return { unitOf, count }
}
