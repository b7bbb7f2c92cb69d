const SHOWN_CHARACTERS = 300

/** What a problem document or a rejected line says for a person, with a leading colon; '' if it says nothing. */
export function reasonOf(answer: { detail?: unknown; message?: unknown; title?: unknown }): string {
  const reason = answer.detail ?? answer.message ?? answer.title
  return typeof reason === 'string' && reason ? `: ${reason.slice(0, SHOWN_CHARACTERS)}` : ''
}

/** A duration for a person. */
export function secondsOf(ms = 0): string {
  return `${Math.round(ms / 1000)} s`
}
