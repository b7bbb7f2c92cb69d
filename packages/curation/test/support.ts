import { createHash, createHmac } from 'node:crypto'
import type { Message } from '@flywheel/schema'
import {
  type ConsentRow,
  type CuratedSet,
  curate,
  type Evidence,
  type FeedbackRow,
  type InteractionBody,
  type InteractionHead,
  type LinkRow,
  type Ports,
  type RecipeInput,
  recipeSchema,
} from '../src/index.js'
import { languageOf } from '../src/language.js'

export const START: number = Date.parse('2026-01-05T09:00:00.000Z')
export const HOUR = 3_600_000
export const DAY = 86_400_000

/** A UUIDv7 of a time; `n` tells ids of one millisecond apart. */
export function uuid(time: number, n = 0): string {
  const head = time.toString(16).padStart(12, '0')
  const tail = n.toString(16).padStart(12, '0')
  return `${head.slice(0, 8)}-${head.slice(8)}-7000-8000-${tail}`
}

export const iso = (time: number): string => new Date(time).toISOString()

let counter = 0

export const text = (role: Message['role'], content: string): Message => ({ role, parts: [{ type: 'text', content }] })

export interface Asked {
  id?: string
  time?: number
  user?: string
  session?: string
  turn?: string
  prompt?: string
  system?: string
  messages?: Message[]
  outputs?: Message[]
  output?: string
  head?: Partial<InteractionHead>
}

/** A snapshot under construction: every method adds one event and returns its id. */
export class Story {
  readonly interactions: InteractionHead[] = []
  readonly bodies: InteractionBody[] = []
  readonly feedback: FeedbackRow[] = []
  readonly links: LinkRow[] = []
  readonly consents: ConsentRow[] = []
  watermark: number = START + 30 * DAY

  ask(asked: Asked = {}): string {
    const time = asked.time ?? START + ++counter * 1000
    const id = asked.id ?? uuid(time, ++counter)
    const outputs = asked.outputs ?? [text('assistant', asked.output ?? 'The parcel leaves our house on Tuesday.')]
    const system = asked.system === undefined ? '' : JSON.stringify([{ type: 'text', content: asked.system }])
    const messages = JSON.stringify(asked.messages ?? [text('user', asked.prompt ?? `Where is parcel ${id}?`)])
    this.interactions.push({
      id,
      turn_id: asked.turn ?? id,
      session_id: asked.session ?? '',
      user_id: asked.user ?? 'u',
      task: 'reply',
      surface: 'desk',
      operation: 'chat',
      provider: 'openai',
      model_answered: 'stub-1',
      provider_response_id: '',
      // As the store hashes it: over the text of the columns.
      prompt_hash: createHash('sha256').update(`${system}\n${messages}`).digest('hex').slice(0, 32),
      continues: '',
      status: 'ok',
      has_text: true,
      finish_reasons: outputs.map(() => 'stop'),
      consent: { train: 'granted' },
      received_at: iso(time + 50),
      ...asked.head,
    })
    this.bodies.push({
      id,
      system,
      messages,
      tools: '',
      outputs: JSON.stringify(outputs),
    })
    return id
  }

  say(kind: FeedbackRow['kind'], target: string, fields: Partial<FeedbackRow> & { time?: number } = {}): string {
    const { time = START + DAY + ++counter * 1000, ...rest } = fields
    const id = fields.id ?? uuid(time, ++counter)
    this.feedback.push({
      id,
      target_kind: 'interaction',
      target,
      choice: 0,
      kind,
      name: '',
      slot: '',
      field: '',
      stage: kind === 'correction' ? 'committed' : '',
      value: null,
      label: '',
      kept: '',
      kept_json: '',
      shown: '',
      candidates: '',
      winner: '',
      randomised: false,
      seen: [],
      reason_codes: [],
      author_id: '',
      author_kind: 'end_user',
      session_id: '',
      occurred_at: iso(time),
      retracts: null,
      trust: 'server',
      received_at: iso(time + 50),
      ...rest,
    })
    return id
  }

  link(target: string, ref: string, time: number, target_kind: LinkRow['target_kind'] = 'interaction'): void {
    const id = uuid(time, ++counter)
    this.links.push({ id, target_kind, target, ref, occurred_at: iso(time), received_at: iso(time + 50) })
  }

  state(
    label: ConsentRow['label'],
    subject_kind: ConsentRow['subject_kind'],
    subject: string,
    time: number,
    applies_from: number = time,
  ): void {
    this.consents.push({
      id: uuid(time, ++counter),
      subject_kind,
      subject,
      purpose: 'train',
      label,
      applies_from: iso(applies_from),
      occurred_at: iso(time),
      received_at: iso(time + 50),
    })
  }

  evidence(): Evidence {
    const { interactions, bodies, feedback, links, consents } = this
    return {
      project_id: 'p1',
      watermark: iso(this.watermark),
      cutoff: iso(this.watermark),
      project_consent: {},
      interactions,
      bodies,
      feedback,
      links,
      consents,
    }
  }

  curate(recipe: RecipeInput = {}): CuratedSet {
    return curate(this.evidence(), recipeSchema.parse(recipe), ports)
  }
}

export const ports: Ports = {
  languageOf,
  rowId: (ids) => createHmac('sha256', 'test').update(JSON.stringify(ids)).digest('hex').slice(0, 32),
}

/** Why candidates of a set were dropped: `gate.reason` to count. */
export function drops(set: CuratedSet): Record<string, number> {
  return Object.fromEntries(
    set.funnel.flatMap(({ gate, dropped }) =>
      Object.entries(dropped).map(([reason, count]) => [`${gate}.${reason}`, count]),
    ),
  )
}

export const pairsOf = (set: CuratedSet): CuratedSet['rows'] => set.rows.filter((row) => row.shape === 'preference')
