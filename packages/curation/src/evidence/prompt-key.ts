/** The store's hash of a prompt of which nothing was recorded (`capture: 'metadata'`): `sipHash128('', '', '')`. */
export const UNRECORDED_PROMPT = 'c9874a419daed6009fb6580fb2fb7a73'

/** By what samples of one prompt are found: '' where the prompt is not known, which is the prompt of no other. */
export function promptKey(prompt_hash: string): string {
  return prompt_hash === UNRECORDED_PROMPT ? '' : prompt_hash
}
