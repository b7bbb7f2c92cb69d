import type { DraftOptions } from './draft.js'
import type { BrowserFeedback } from './feedback.js'
import { attach, createField, type Field } from './field.js'
import type { BrowserTarget, WireTarget } from './target.js'

/** A draft as what watches edits sees it. */
export interface OpenedDraft {
  /** Null takes the field's element away; `early` is what it showed if it was edited before it was watched. */
  attach(path: string, element: HTMLElement | null, early?: string): void
  commit(kept?: string | Readonly<Record<string, string>>): void
}
export type OpenDraft = (
  target: BrowserTarget | null | undefined,
  wire: WireTarget,
  options: DraftOptions,
  feedback: BrowserFeedback,
) => OpenedDraft

interface SentField extends Field {
  /** The text that was said last, and the event that said it. */
  sent?: string | undefined
  sentId?: string | undefined
  isCommitted?: boolean
}
interface State {
  readonly fields: Map<string, SentField>
  acceptId?: string | undefined
}

const MAX_DRAFTS = 500
/** By `ref` and answer, the least recently used first: what outlives components and elements. */
const drafts = new Map<string, State>()

/** Line ends and outer blanks are no edit: a textarea changes the ones and a host trims the others. */
const plain = (text: string): string => text.replace(/\r\n?/g, '\n').trim()

/** One text for one answer, also where its ticket was signed anew. Claims are only read here; the collector verifies. */
function answerOf(wire: WireTarget): string {
  if ('target' in wire) return `${wire.target_kind} ${wire.target}`
  try {
    const { t, i, c } = JSON.parse(atob(wire.ticket.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/')))
    return `${t} ${i} ${c}`
  } catch {
    return wire.ticket
  }
}

function stateOf(key: string): State {
  const found = drafts.get(key) ?? { fields: new Map() }
  drafts.delete(key)
  drafts.set(key, found)
  if (drafts.size > MAX_DRAFTS) drafts.delete(drafts.keys().next().value as string)
  return found
}

/** A draft as it was left. Loaded when the first draft of a page is made. */
export const openDraft: OpenDraft = (given, wire, { ref, choice, author, session, shown: shownByHost }, feedback) => {
  const target = given as BrowserTarget
  const state = stateOf(JSON.stringify([ref, answerOf(wire)]))
  const about = (path: string) => ({ choice, author, session, ...(path && { field: path }) })
  const shownIn = (field: Field) => shownByHost ?? field.shown

  function fieldOf(path: string): SentField {
    const field = state.fields.get(path) ?? createField()
    state.fields.set(path, field)
    return field
  }

  /** True if it is what was shown. */
  function settle(path: string, text: string, stage: 'draft' | 'committed'): boolean {
    const field = fieldOf(path)
    const shown = shownIn(field)
    const isUnchanged = plain(text) === plain(shown)
    if (isUnchanged) {
      // An acceptance beside a draft would vouch for the draft.
      if (field.sentId) feedback.retract(field.sentId)
      field.sentId = field.sent = undefined
    } else if (text !== field.sent || (stage === 'committed' && !field.isCommitted)) {
      field.sent = text
      field.sentId = feedback.correct(target, text, {
        ...about(path),
        stage,
        shown: shown || undefined,
        metadata: { keystrokes: `${field.keystrokes}`, pastes: `${field.pastes}`, edit_ms: `${field.editMs}` },
      })
    }
    field.isCommitted = stage === 'committed'
    return isUnchanged
  }

  function save(path: string): void {
    const field = fieldOf(path)
    // After a commit only another commit counts. An empty field showed nothing of the answer.
    if (!field.isDirty || field.isCommitted || !shownIn(field)) return
    field.isDirty = false
    settle(path, field.read(), 'draft')
  }

  function commit(kept?: string | Readonly<Record<string, string>>): void {
    const { fields } = state
    const texts =
      typeof kept === 'string'
        ? { [[...fields.keys()][0] ?? '']: kept }
        : { ...Object.fromEntries([...fields].map(([path, field]) => [path, field.read()])), ...kept }
    const said = Object.entries(texts).filter(([path, text]) => text || shownIn(fieldOf(path)))
    if (said.length === 0) return
    const isUnchanged = said.map(([path, text]) => settle(path, text, 'committed')).every(Boolean)
    if (!isUnchanged && state.acceptId) feedback.retract(state.acceptId)
    // Of the whole answer: one untouched field says nothing about the others.
    state.acceptId = isUnchanged ? feedback.accept(target, about('')) : undefined
  }

  return {
    commit,
    attach(path, element, early) {
      const field = fieldOf(path)
      field.detach()
      if (!element) return
      attach(field, element, {
        onSave: () => save(path),
        onSubmit: () => commit(),
        onCopy(selected) {
          // What the person wrote themselves is theirs; of a copy of it only the fact is told.
          const isOfAnswer = selected && shownIn(field).includes(selected)
          feedback.copy(target, { ...about(path), ...(isOfAnswer && { kept: selected }) })
        },
      })
      if (early !== undefined && !field.isEdited) {
        field.shown = early
        field.isEdited = field.isDirty = true
      }
    },
  }
}
