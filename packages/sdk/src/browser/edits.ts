import { defaultFeedback } from './configure.js'
import type { BrowserFeedback } from './feedback.js'
import { attach, createField, type Field } from './field.js'
import { type BrowserTarget, targetOf } from './target.js'

export interface DraftOptions {
  /** Under this name a draft goes on after a route change. @default the answer it is about */
  ref?: string | undefined
  /** What was shown. @default what a field holds before the first edit */
  shown?: string | undefined
  /** Which output of the answer. @default 0; a ticket names it itself */
  choice?: number | undefined
  author?: string | undefined
  session?: string | undefined
  /** @default what `configureFeedback` set up */
  feedback?: BrowserFeedback | undefined
}

/** To spread on an input, a textarea, a contenteditable or what holds one. */
export interface FieldProps {
  readonly ref: (element: HTMLElement | null) => void
}

/** What a person makes of one answer in one or more fields. */
export interface Draft {
  readonly ref: string
  /** `path` is the JSON Pointer of the field in the answer, '' for all of it. The same props for the same path. */
  field(path?: string): FieldProps
  /**
   * The host sent or saved. Says what was kept, of several fields by their paths; without it what the fields hold.
   * What nobody changed is an acceptance.
   */
  commit(kept?: string | Readonly<Record<string, string>>): void
}

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
const drafts = new Map<string, State>()

/** Line ends and outer blanks are no edit: a textarea changes the ones and a host trims the others. */
const isSame = (a: string, b: string) => a.replace(/\r\n?/g, '\n').trim() === b.replace(/\r\n?/g, '\n').trim()

/**
 * A draft of an answer. Made again for the same answer, or with the same `ref`, it goes on where it was: drafts are kept
 * by their `ref`, not by their component. Without a target it does nothing.
 */
export function createDraft(target: BrowserTarget | null | undefined, options: DraftOptions = {}): Draft {
  const wire = targetOf(target)
  const ref = options.ref ?? JSON.stringify(wire ?? null)
  const { choice, author, session } = options
  const props = new Map<string, FieldProps>()
  const feedback = () => options.feedback ?? defaultFeedback()

  function state(): State {
    const found = drafts.get(ref) ?? { fields: new Map() }
    // Set anew, so that the oldest is the one that nobody has used for the longest time.
    drafts.delete(ref)
    drafts.set(ref, found)
    if (drafts.size > MAX_DRAFTS) drafts.delete(drafts.keys().next().value as string)
    return found
  }
  function fieldOf(path: string): SentField {
    const { fields } = state()
    const field = fields.get(path) ?? createField()
    fields.set(path, field)
    return field
  }
  const given = (path: string) => ({ choice, author, session, ...(path && { field: path }) })

  /** True if it is what was shown. */
  function settle(path: string, text: string, stage: 'draft' | 'committed'): boolean {
    const field = fieldOf(path)
    const shown = options.shown ?? field.shown
    const isUnchanged = isSame(text, shown)
    if (isUnchanged) {
      // An acceptance beside a draft would vouch for the draft.
      if (field.sentId) feedback().retract(field.sentId)
      field.sentId = field.sent = undefined
    } else if (text !== field.sent || (stage === 'committed' && !field.isCommitted)) {
      field.sent = text
      field.sentId = feedback().correct(target as BrowserTarget, text, {
        ...given(path),
        stage,
        shown: shown || undefined,
        metadata: {
          keystrokes: `${field.keystrokes}`,
          pastes: `${field.pastes}`,
          edit_ms: `${field.editMs}`,
        },
      })
    }
    field.isCommitted = stage === 'committed'
    return isUnchanged
  }

  function save(path: string): void {
    const field = fieldOf(path)
    const text = field.read()
    // After a commit only another commit counts. An empty field showed nothing of the answer.
    if (!field.isDirty || field.isCommitted || !(options.shown ?? field.shown)) return
    field.isDirty = false
    settle(path, text, 'draft')
  }

  function commit(kept?: string | Readonly<Record<string, string>>): void {
    if (!wire) return
    const { fields } = state()
    const texts =
      typeof kept === 'string'
        ? { [[...fields.keys()][0] ?? '']: kept }
        : { ...Object.fromEntries([...fields].map(([path, field]) => [path, field.read()])), ...kept }
    const said = Object.entries(texts).filter(([path, text]) => text || options.shown || fieldOf(path).shown)
    if (said.length === 0) return
    const isUnchanged = said.map(([path, text]) => settle(path, text, 'committed')).every(Boolean)
    const { acceptId } = state()
    if (!isUnchanged && acceptId) feedback().retract(acceptId)
    state().acceptId = isUnchanged ? feedback().accept(target as BrowserTarget, given('')) : undefined
  }

  return {
    ref,
    commit,
    field(path = '') {
      const known = props.get(path) ?? {
        ref(element: HTMLElement | null) {
          if (!wire) return
          const field = fieldOf(path)
          field.detach()
          if (!element) return
          attach(field, element, {
            onSave: () => save(path),
            onSubmit: () => commit(),
            onCopy: (selected) => {
              // What the person wrote themselves is theirs; of a copy of it only the fact is told.
              const isOfAnswer = selected && (options.shown ?? field.shown).includes(selected)
              feedback().copy(target as BrowserTarget, { ...given(path), ...(isOfAnswer && { kept: selected }) })
            },
          })
        },
      }
      props.set(path, known)
      return known
    },
  }
}

export interface CaptureOptions extends DraftOptions {
  /** JSON Pointer of the field in the answer. @default the whole */
  field?: string | undefined
}

/**
 * Tells what was shown in an element and what was kept: as drafts at blur and when the page is hidden, for good when its
 * form is submitted or `commit` is called; and what is copied out of it.
 * @example
 * const capture = captureEdits(textarea, ticket)
 * sendButton.onclick = () => capture.commit()
 */
export function captureEdits(
  element: HTMLElement,
  target: BrowserTarget,
  options: CaptureOptions = {},
): { commit: (kept?: string) => void; stop: () => void } {
  const draft = createDraft(target, options)
  const props = draft.field(options.field)
  props.ref(element)
  return { commit: draft.commit, stop: () => props.ref(null) }
}
