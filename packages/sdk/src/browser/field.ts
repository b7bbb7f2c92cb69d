/** What is counted while a person edits, never what they type. */
export interface EditCounts {
  keystrokes: number
  pastes: number
  editMs: number
}

/** One editable field of a draft: what it showed and what became of it. Outlives its element. */
export interface Field extends EditCounts {
  /** What stood there before the first edit. */
  shown: string
  /** What stands there. */
  text: string
  isEdited: boolean
  /** Edited since it was last saved. */
  isDirty: boolean
  editedAt: number
  /** Reads the element anew, if there is one. */
  read(): string
  detach(): void
}

/** What a field tells its draft. */
export interface FieldEvents {
  onSave(): void
  onSubmit(): void
  onCopy(selected: string): void
}

const EDITABLE = 'textarea,input,[contenteditable]'
const EVENTS = ['focusin', 'beforeinput', 'input', 'copy', 'cut', 'focusout']
/** A pause longer than this counts as this. */
const PAUSE_MS = 5000
/** A draft that would not fit a beacon with what else is in one is sent while the person pauses. */
const LARGE_CHARACTERS = 12_000
const IDLE_MS = 2000

export function createField(): Field {
  const field: Field = {
    shown: '',
    text: '',
    isEdited: false,
    isDirty: false,
    keystrokes: 0,
    pastes: 0,
    editMs: 0,
    editedAt: 0,
    read: () => field.text,
    detach() {},
  }
  return field
}

/**
 * Watches an element, or the editable one inside it; one that holds none is only read and copied from. Listens itself instead of
 * giving handlers away, so that a host keeps its own `onChange` and `onBlur`.
 */
export function attach(field: Field, element: HTMLElement, { onSave, onSubmit, onCopy }: FieldEvents): void {
  const control = (element.matches(EDITABLE) ? element : (element.querySelector(EDITABLE) ?? element)) as HTMLElement &
    Partial<HTMLTextAreaElement>
  if (control.matches('[type=password]')) return
  const abort = new AbortController()
  const on = (target: EventTarget, types: string[], listener: (event: Event) => void) => {
    for (const type of types) target.addEventListener(type, listener, { capture: true, signal: abort.signal })
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  field.read = () => {
    // A field that left the page shows nothing any more; what stood there last counts.
    if (control.isConnected) {
      // biome-ignore lint/performance/useDomNodeTextContent: line breaks between blocks are part of the text.
      field.text = typeof control.value === 'string' ? control.value : control.innerText.replace(/\u00a0/g, ' ')
    }
    return field.text
  }
  field.detach = () => {
    onSave()
    abort.abort()
    clearTimeout(timer)
    field.read = () => field.text
    field.detach = () => {}
  }
  field.read()
  if (!field.isEdited) field.shown = field.text

  on(element, EVENTS, (event) => {
    const { type } = event
    if (type === 'focusout') onSave()
    else if (type === 'input') {
      const now = Date.now()
      // Pasted and dropped text comes from elsewhere: insertFromPaste, insertFromDrop, insertFromYank.
      if (/From/.test((event as InputEvent).inputType)) field.pastes++
      else field.keystrokes++
      field.editMs += Math.min(now - (field.editedAt || now), PAUSE_MS)
      field.editedAt = now
      field.isEdited = field.isDirty = true
      if (field.shown.length + field.read().length > LARGE_CHARACTERS) {
        clearTimeout(timer)
        timer = setTimeout(onSave, IDLE_MS)
      }
    } else if (type === 'copy' || type === 'cut') {
      onCopy(
        control.selectionEnd != null
          ? field.read().slice(control.selectionStart as number, control.selectionEnd)
          : `${getSelection()}`,
      )
    } else if (!field.isEdited) field.shown = field.read()
  })
  on(window, ['pagehide', 'visibilitychange'], onSave)
  const form = control.closest('form')
  if (form) on(form, ['submit'], onSubmit)
}
