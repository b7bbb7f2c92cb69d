import { editFinal } from './edit-final.js'
import type { Strategy } from './strategy.js'

/** The corrected output alone, as supervision. */
export const sftEdit: Strategy = {
  id: 'sft.edit',
  shape: 'supervised',
  precedence: 30,
  claims: editFinal.claims,
  join: editFinal.join,
  construct(state, parts, world) {
    const edit = editFinal.construct(state, parts, world)
    if (typeof edit === 'string') return edit
    // The served side stays in the draft: the edit bounds compare with it. The format does not write it.
    return { ...edit, shape: 'supervised', rejected_answer: null }
  },
}
