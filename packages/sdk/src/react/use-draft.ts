import { useMemo } from 'react'
import { type BrowserTarget, createDraft, type Draft, type DraftOptions } from '../browser/index.js'

/**
 * A draft of an answer for its component. Nothing is kept in the component: unmounted and mounted again, for the same
 * answer and `ref`, it goes on where it was. Without a target (no ticket yet) it does nothing.
 * @example
 * const draft = useDraft(ticketOf(response))
 * <textarea value={text} onChange={onChange} {...draft.field('/body')} />
 * <button onClick={() => { draft.commit(text); send(text) }}>Send</button>
 */
export function useDraft(target: BrowserTarget | null | undefined, options: DraftOptions = {}): Draft {
  const { feedback, ...rest } = options
  // biome-ignore lint/correctness/useExhaustiveDependencies: compared by what they say, since a host writes them inline.
  return useMemo(() => createDraft(target, options), [JSON.stringify([createDraft(target).ref, rest]), feedback])
}
