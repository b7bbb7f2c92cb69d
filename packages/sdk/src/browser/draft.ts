import { configureFeedback } from './configure.js'
import type { OpenDraft } from './edits.js'
import type { BrowserFeedback } from './feedback.js'
import { type BrowserTarget, targetOf } from './target.js'

/** Which draft of the answer it is, and what is known about it. */
export interface DraftOptions {
  /** Tells drafts of one answer apart: under this name one goes on after a route change. @default one for the answer */
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

let openDraft: OpenDraft | undefined
let loading: Promise<void> | undefined

/** Calls in order, at once where what watches edits is loaded. */
function whenLoaded(use: (open: OpenDraft) => void): void {
  if (openDraft) {
    use(openDraft)
    return
  }
  loading ??= import('./edits.js').then((edits) => {
    openDraft = edits.openDraft
  })
  loading
    .then(() => use(openDraft as OpenDraft))
    .catch(() => {
      loading = undefined
    })
}

/**
 * A draft of an answer. Made again for the same answer (and `ref`), also with a ticket that was signed anew, it goes on
 * where it was: drafts are kept by what they are about, not by their component. Without a target it does nothing.
 */
export function createDraft(target: BrowserTarget | null | undefined, options: DraftOptions = {}): Draft {
  const wire = targetOf(target)
  const ref = options.ref ?? JSON.stringify(wire ?? null)
  const known: Record<string, FieldProps> = {}
  const withDraft = (use: (draft: ReturnType<OpenDraft>) => void) => {
    if (wire) whenLoaded((open) => use(open(target, wire, options, options.feedback ?? configureFeedback())))
  }
  return {
    ref,
    commit: (kept) => withDraft((draft) => draft.commit(kept)),
    field(path = '') {
      known[path] ??= {
        ref(element: HTMLElement | null) {
          let early: string | undefined
          const onEarly = ({ target: control }: Event) => {
            // biome-ignore lint/performance/useDomNodeTextContent: as what watches edits reads it.
            early = (control as HTMLTextAreaElement).value ?? (control as HTMLElement).innerText
          }
          element?.addEventListener('beforeinput', onEarly, { once: true })
          withDraft((draft) => draft.attach(path, element, early))
        },
      }
      return known[path]
    },
  }
}

/** A draft of one field. */
export interface CaptureOptions extends DraftOptions {
  /** JSON Pointer of the field in the answer. @default the whole */
  field?: string | undefined
}

/**
 * Tells what was shown in an element and what was kept: as drafts at blur and when the page is hidden, for good when its
 * form is submitted or `commit` is called; and what is copied out of it. Without a target it does nothing.
 * @example
 * const capture = captureEdits(textarea, ticket)
 * sendButton.onclick = () => capture.commit()
 */
export function captureEdits(
  element: HTMLElement,
  target: BrowserTarget | null | undefined,
  options: CaptureOptions = {},
): { commit: (kept?: string) => void; stop: () => void } {
  const draft = createDraft(target, options)
  const { ref } = draft.field(options.field)
  ref(element)
  return { commit: draft.commit, stop: () => ref(null) }
}
