import {
  createNumbering,
  createRedactText,
  type DetectorName,
  type Find,
  findAll,
  numberer,
  type RedactText,
  redactJson,
} from '@flywheel/redaction'
import type { JsonObject } from '@flywheel/schema'
import type { Draft, ItemNotes } from '../draft.js'
import { mapColumns } from '../row-columns.js'
import { canonicalJson, sha256 } from '../text/canonical-json.js'
import { comparable } from '../text/normalise.js'
import { remember, rememberEach } from '../text/remember.js'
import { type ChatMessage, messageJson } from './chat.js'
import { PLACEHOLDER, rankedDetectors } from './placeholders.js'

/** What redaction makes of a draft. */
export interface RedactedDraft {
  draft: Draft
  /** Different values that were replaced, by the kind that stands in their placeholder; without those of notes and columns. */
  redactions: Record<string, number>
  /** The sides differ in nothing but the values that were replaced, or in how these were spelled. */
  isSame: boolean
}

function redactMessage(message: ChatMessage, redact: RedactText): ChatMessage {
  const { name, reasoning_content, tool_calls } = message
  return {
    ...message,
    content: redact(message.content),
    ...(name === undefined ? {} : { name: redact(name) }),
    ...(reasoning_content === undefined ? {} : { reasoning_content: redact(reasoning_content) }),
    ...(tool_calls === undefined
      ? {}
      : {
          tool_calls: tool_calls.map((call) => ({
            ...call,
            function: { ...call.function, arguments: redactJson(call.function.arguments, redact) as JsonObject },
          })),
        }),
  }
}

/** What some detectors find in texts; and whether they find nothing in a message, or in tools, asked once of each. */
interface Clean {
  readonly find: Find
  message(message: ChatMessage): boolean
  tools(tools: readonly unknown[]): boolean
}

function cleanBy(detectors: readonly DetectorName[]): Clean {
  let found = 0
  const ranked = rankedDetectors(detectors)
  const find = remember((text) => findAll(ranked, text))
  const probe = createRedactText(find, (name) => `[${name}_${++found}]`)
  const isClean = (read: () => unknown): boolean => {
    const before = found
    read()
    return found === before
  }
  return {
    find,
    message: rememberEach((message) => isClean(() => redactMessage(message, probe))),
    tools: rememberEach((tools) => isClean(() => redactJson(tools, probe))),
  }
}

// Recipes name their detectors in any order; of those there are few.
const known = new Map<string, Clean>()

function clean(detectors: readonly DetectorName[]): Clean {
  const key = [...detectors].sort().join()
  const found = known.get(key) ?? cleanBy(detectors)
  known.set(key, found)
  return found
}

function redactNotes(notes: ItemNotes, redact: RedactText): ItemNotes {
  const { codes, texts } = notes.reasons
  return { ...notes, reasons: { codes: codes.map(redact), texts: texts.map(redact) }, tags: notes.tags.map(redact) }
}

/** Which side is numbered first must not tell which one is wanted: the one whose hash is lower. */
function isFirst(side: ChatMessage, other: ChatMessage): boolean {
  return sha256(messageJson(side)) < sha256(messageJson(other))
}

/**
 * Puts placeholders for what the detectors find in the prompt, the tools, both sides, the notes and the columns, with one
 * numbering for all of them: a value has the same placeholder wherever it stands in the row, another value another. The sides' numbers
 * do not depend on which of them is wanted. What a row spells out itself, such as the placeholders of the SDK, is given to
 * nobody. Linear in the length of the row.
 */
export function redactDraft(draft: Draft, detectors: readonly DetectorName[]): RedactedDraft {
  const { prompt, tools, chosen, rejected, notes, columns } = draft
  const is = clean(detectors)
  const sides = rejected === undefined ? [chosen] : [chosen, rejected]
  const isClean = is.tools(tools) && prompt.every(is.message) && sides.every(is.message)
  if (isClean && notes === undefined && columns === undefined) return { draft, redactions: {}, isSame: false }
  const numbering = createNumbering()
  const spelled = (): string =>
    JSON.stringify([prompt, tools, chosen, rejected ?? null, notes ?? null, columns ?? null])
  const redact = createRedactText(is.find, numberer(numbering, spelled))
  const asked = {
    prompt: prompt.map((message) => (is.message(message) ? message : redactMessage(message, redact))),
    tools: is.tools(tools) ? tools : tools.map((tool) => redactJson(tool, redact)),
  }
  // Where one of them has nothing to number, the order of the sides says nothing.
  const isNumbered = rejected !== undefined && !sides.some(is.message)
  const ahead = isNumbered && isFirst(rejected, chosen) ? redactMessage(rejected, redact) : undefined
  const redacted: Draft = {
    ...draft,
    ...asked,
    chosen: is.message(chosen) ? chosen : redactMessage(chosen, redact),
    ...(rejected === undefined ? {} : { rejected: ahead ?? redactMessage(rejected, redact) }),
  }
  const redactions: Record<string, number> = {}
  for (const key of [...numbering.placeholders.keys()].sort()) {
    const kind = key.slice(0, key.indexOf(' '))
    redactions[kind] = (redactions[kind] ?? 0) + 1
  }
  const made = new Set(numbering.placeholders.values())
  // After the row's own, whose numbers they leave as they are; a row that is trained on goes without them.
  if (notes !== undefined) redacted.notes = redactNotes(notes, redact)
  if (columns !== undefined) redacted.columns = mapColumns(columns, redact)
  if (numbering.placeholders.size === 0) return { draft, redactions, isSame: false }
  return { draft: redacted, redactions, isSame: made.size > 0 && isSame(redacted, made) }
}

/** Which of two values that the prompt does not hold is the right one, no model can learn. */
function isSame({ prompt, tools, chosen, rejected }: Draft, made: ReadonlySet<string>): boolean {
  if (rejected === undefined) return false
  const known = new Set(JSON.stringify([prompt, tools]).match(PLACEHOLDER))
  const masked = (side: ChatMessage): string =>
    canonicalJson({ ...side, content: comparable(side.content) }).replace(PLACEHOLDER, (placeholder, kind: string) =>
      made.has(placeholder) && !known.has(placeholder) ? `[${kind}]` : placeholder,
    )
  return masked(chosen) === masked(rejected)
}
