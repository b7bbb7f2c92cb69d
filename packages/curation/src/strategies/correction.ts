import type { JsonObject, Message, Part } from '@flywheel/schema'
import type { Parts } from '../draft.js'
import type { Answer, FeedbackRow } from '../evidence/evidence.js'
import { authorOf, type FeedbackState } from '../evidence/feedback-state.js'
import { compareTimed } from '../evidence/resolve-targets.js'
import { timeOfId } from '../evidence/time.js'
import { textOf } from '../prompt/message.js'
import { findJsonSpan, parsePointer, spliceJson } from '../text/json-splice.js'
import { normaliseText } from '../text/normalise.js'
import type { World } from '../world.js'
import { perAnswer } from './per-answer.js'
import { isCorrection, isSignOfRefusal, isSignOfUse, missingTarget, signs } from './signs.js'

const FENCED = /^(\s*```[a-zA-Z]*\n)([\s\S]*?)(\n```\s*)$/

/** Whether a correction is of a proposed call's name or arguments. */
export function isOfToolCall(row: FeedbackRow): boolean {
  return row.field.startsWith('/tool_call/')
}

/**
 * A later step of the same turn began before the correction, so the call had run: who corrects it knows what the model
 * could not know.
 */
function hasRun({ row, time }: FeedbackState, answer: Answer, world: World): boolean {
  return isOfToolCall(row) && world.laterSteps(answer.interaction).some((id) => timeOfId(id) < time)
}

interface Decisions {
  /** The corrections of an answer by one author that count. */
  decided: FeedbackState[]
  /** Of drafts: that somebody used the answer. */
  support: readonly FeedbackState[]
}

const NOTHING_DECIDED: Decisions = { decided: [], support: [] }

/** What each author decided about an answer. A draft that nobody used is no decision; it neither makes a pair nor joins one. */
const decisionsOf = perAnswer((answer, world): ReadonlyMap<string, Decisions> => {
  const uses = signs(world, answer, isSignOfUse)
  const byAuthor = new Map<string, Decisions>()
  for (const state of signs(world, answer, isCorrection)) {
    const author = authorOf(state.row)
    const known = byAuthor.get(author) ?? { decided: [], support: [] }
    byAuthor.set(author, known)
    if (isDraft(state)) known.support = uses
    if (!isDraft(state) || uses.length > 0) known.decided.push(state)
  }
  return byAuthor
})

/** The refusal of an answer that nothing of its refusals comes after; none of one that nobody refused. */
const lastRefusal = perAnswer((answer, world): FeedbackState[] =>
  signs(world, answer, isSignOfRefusal)
    .toSorted((a, b) => compareTimed(placed(a), placed(b)))
    .slice(-1),
)

/**
 * Gathers the corrections of one answer by one author; the first event among those that a strategy takes speaks for
 * all of them.
 */
export function joinCorrections(
  state: FeedbackState,
  world: World,
  takes: (row: FeedbackRow) => boolean = () => true,
): Parts | string {
  const { answer } = state
  if (answer === null) return missingTarget(state, world)
  const { decided, support } = decisionsOf(world, answer).get(authorOf(state.row)) ?? NOTHING_DECIDED
  if (isDraft(state) && support.length === 0) return 'never_committed'
  if (decided.find((each) => takes(each.row)) !== state) return 'merged_with_another_field'
  if (decided.some((each) => hasRun(each, answer, world))) return 'already_run'
  // Whoever refuses the answer after it was corrected has seen the correction; before, they say why it was needed.
  const last = decided.map(placed).sort(compareTimed).at(-1)!
  if (lastRefusal(world, answer).some((each) => compareTimed(placed(each), last) > 0)) return 'contradictory'
  const { settling } = world.recipe
  const rest = (each: FeedbackState): number => (isDraft(each) ? settling.draft_ms : settling.committed_ms)
  if (decided.some((each) => !world.hasPassed(each.time + rest(each)))) return 'not_settled'
  return { answers: [answer], feedback: [...decided, ...support] }
}

/** A state as the order of time and id compares it. */
export function placed({ time, row }: FeedbackState): { time: number; id: string } {
  return { time, id: row.id }
}

/** Whether a correction is one that nobody has sent, saved or merged. */
export function isDraft({ row }: FeedbackState): boolean {
  return row.stage === 'draft'
}

function keptText(row: FeedbackRow, original: string): string {
  if (row.kept_json === '') {
    // A number or a boolean typed into a text field stays what it was.
    if (original.startsWith('"')) return JSON.stringify(row.kept)
    try {
      if (typeof JSON.parse(row.kept) === typeof JSON.parse(original)) return row.kept
    } catch {}
    return JSON.stringify(row.kept)
  }
  const kept: unknown = JSON.parse(row.kept_json)
  const isScalar = Array.isArray(kept) && kept.length === 1 && !original.startsWith('[')
  return isScalar ? JSON.stringify(kept[0]) : row.kept_json
}

function shownOf(json: string): string {
  const value: unknown = JSON.parse(json)
  return typeof value === 'string' ? value : json
}

function spliceField(text: string, path: readonly string[], row: FeedbackRow): string | null {
  try {
    JSON.parse(text)
  } catch {
    const fenced = FENCED.exec(text)
    if (fenced === null) return null
    const inner = spliceField(fenced[2]!, path, row)
    return inner === null ? null : fenced[1]! + inner + fenced[3]!
  }
  const span = findJsonSpan(text, path)
  if (span === null) return null
  const original = text.slice(span.start, span.end)
  if (row.shown !== '' && normaliseText(row.shown) !== normaliseText(shownOf(original))) return null
  return spliceJson(text, span, keptText(row, original))
}

function withText(message: Message, text: string): Message {
  let isPlaced = false
  const parts: Part[] = []
  for (const part of message.parts) {
    if (part.type !== 'text') parts.push(part)
    else if (!isPlaced) {
      parts.push({ type: 'text', content: text })
      isPlaced = true
    }
  }
  return { ...message, parts: isPlaced ? parts : [{ type: 'text', content: text }, ...parts] }
}

function correctWhole(message: Message, row: FeedbackRow): Message | null {
  const served = textOf(message)
  const kept = row.kept_json === '' ? row.kept : keptText(row, served)
  if (row.shown === '' || normaliseText(row.shown) === normaliseText(served)) return withText(message, kept)
  // An excerpt: put the kept text where it stands, if it stands there once.
  const at = served.indexOf(row.shown)
  if (at === -1 || served.indexOf(row.shown, at + 1) !== -1) return null
  return withText(message, served.slice(0, at) + kept + served.slice(at + row.shown.length))
}

function correctToolCall(message: Message, path: readonly string[], row: FeedbackRow): Message | null {
  const [, id, what, ...inner] = path
  const at = message.parts.findIndex((part) => part.type === 'tool_call' && part.id === id)
  const part = message.parts[at]
  if (part?.type !== 'tool_call') return null
  const parts = [...message.parts]
  if (what === 'name' && inner.length === 0 && row.kept !== '') parts[at] = { ...part, name: row.kept }
  else if (what === 'arguments') {
    const isString = typeof part.arguments === 'string'
    const text = isString ? (part.arguments as string) : JSON.stringify(part.arguments)
    const spliced = spliceField(text, inner, row)
    if (spliced === null) return null
    parts[at] = { ...part, arguments: isString ? spliced : (JSON.parse(spliced) as JsonObject) }
  } else return null
  return { ...message, parts }
}

interface Applied {
  readonly corrections: readonly FeedbackState[]
  readonly message: Message | null
}

const applied = new WeakMap<Message, Applied>()

/**
 * The output with its corrections put in, in the order in which they were made; null where one of them does not fit
 * the output, because what was shown was something else.
 */
export function applyCorrections(output: Message, corrections: readonly FeedbackState[]): Message | null {
  const last = applied.get(output)
  const isSame = last?.corrections.length === corrections.length
  // A pair and a row of supervision are made of one and the same corrected message.
  if (isSame && last.corrections.every((each, at) => each === corrections[at])) return last.message
  const message = putIn(output, corrections)
  applied.set(output, { corrections, message })
  return message
}

function putIn(output: Message, corrections: readonly FeedbackState[]): Message | null {
  const inOrder = [...corrections].sort((a, b) => compareTimed(placed(a), placed(b)))
  // A whole output replaces every field corrected before it.
  const from = Math.max(
    0,
    inOrder.findLastIndex((each) => each.row.field === ''),
  )
  let message: Message | null = output
  for (const { row } of inOrder.slice(from)) {
    if (message === null) return null
    const path = parsePointer(row.field)
    if (path === null) return null
    if (path.length === 0) message = correctWhole(message, row)
    else if (path[0] === 'tool_call') message = correctToolCall(message, path, row)
    else {
      const text = spliceField(textOf(message), path, row)
      message = text === null ? null : withText(message, text)
    }
  }
  return message
}
