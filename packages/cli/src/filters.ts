import type { InteractionFilter } from '@flywheel/schema'

/** Conditions that are no text have flags of their own. */
type TextFilter = Exclude<keyof InteractionFilter, 'since' | 'until' | 'has_feedback'>

/** Every filter that takes a text, with what it means: a condition that the grammar gains or loses fails to compile. */
export const TEXT_FILTERS: Readonly<Record<TextFilter, string>> = {
  user_id: 'opaque id of a user',
  session_id: 'session',
  turn_id: 'turn',
  trace_id: 'trace',
  task: 'task',
  surface: 'surface',
  environment: 'environment',
  release: 'release',
  provider: 'provider',
  model: 'the model that answered or, before an answer, the one asked',
  prompt_name: 'prompt',
  prompt_version: 'version of the prompt',
  status: 'ok, error, aborted or partial',
  tag: 'tag',
  feedback_kind: 'correction, thumb, choice, …',
  text: 'text in messages or outputs, without regard to case',
}

/** Flags of the command line as the api's query. */
export function filterQuery(flags: Readonly<Record<string, unknown>>): [string, string][] {
  const query: [string, string][] = []
  for (const name of Object.keys(TEXT_FILTERS)) {
    const value = flags[name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())]
    if (typeof value === 'string') query.push([name, value])
  }
  if (flags['hasFeedback'] === true) query.push(['has_feedback', 'true'])
  if (flags['feedback'] === false) query.push(['has_feedback', 'false'])
  return query
}
