import type { ItemNotes, PriorSource, Shape } from './draft.js'
import type { RowTexts } from './judge.js'
import type { ChatMessage } from './prompt/chat.js'
import { EVALUATION_SPLIT } from './recipe/evaluation.js'
import type { RowColumns } from './row-columns.js'
import type { Facts } from './row-facts.js'
import { byCodeUnit } from './text/canonical-json.js'

/** What is known about a row beside its texts, and the columns that the recipe asks for. Never a user id. */
export interface RowMeta extends RowColumns {
  row_id: string
  strategy: string
  split: string
  /** 2p - 1 of the prior that the label is right; divided by the losers of a choice among several. */
  weight: number
  prior: number
  prior_source: PriorSource
  edit_distance: number | null
  prompt_chars: number
  chosen_chars: number
  rejected_chars: number | null
  /** Model of the rejected (or only) side. */
  model: string
  /** Provider of that model. */
  provider: string
  /** Provider whose model wrote the chosen side, or whose text people made it of. */
  chosen_provider: string
  chosen_by: 'human' | 'model'
  /** ISO 639-1 code of the wanted side; `und` where it cannot be told. */
  language: string
  /** Refusals and filters' texts as a side, what people reported, what the provider's filter raised. */
  safety_tags: string[]
  /** Different values that placeholders stand for, by kind. */
  redactions: Record<string, number>
  /** Kinds of one-sided artefacts that were taken out. */
  artefacts_removed: string[]
  task: string
  cluster: string
  component: string
  /** The same for rows of nearly the same prompt; null where there is no other. */
  near_duplicates: string | null
  /** On what the row's consent rests: its own value, or a grant of user, session or project. */
  consent: string
}

/** One training row. */
export interface CuratedRow {
  shape: Shape
  meta: RowMeta
  prompt: ChatMessage[]
  tools: unknown[]
  chosen: ChatMessage
  rejected?: ChatMessage
  label?: boolean
  /** Of a row that is held out for evaluation. */
  notes?: ItemNotes
  /** Events behind the row, sorted; kept apart from the files. */
  event_ids: string[]
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

/** The row that facts and texts of one candidate make, once the gates over the whole set have written to the facts. */
export function rowOf(facts: Facts, texts: RowTexts): CuratedRow {
  const { shape, prompt, tools, chosen, rejected, label, event_ids, consent } = texts
  const notes = facts.split === EVALUATION_SPLIT ? texts.notes : undefined
  return {
    shape,
    prompt,
    tools,
    chosen,
    ...(rejected === undefined ? {} : { rejected }),
    ...(label === undefined ? {} : { label }),
    ...(notes === undefined ? {} : { notes }),
    event_ids: [...new Set([...event_ids, ...(notes?.feedback ?? [])])].sort(byCodeUnit),
    meta: {
      row_id: facts.row_id,
      strategy: facts.strategy,
      split: facts.split,
      weight: rounded(facts.weight),
      prior: facts.prior,
      prior_source: facts.prior_source,
      edit_distance: facts.edit_distance === null ? null : rounded(facts.edit_distance),
      prompt_chars: facts.prompt_chars,
      chosen_chars: facts.chosen_chars,
      rejected_chars: facts.rejected_chars,
      model: facts.model,
      provider: facts.provider,
      chosen_provider: facts.chosen_provider,
      chosen_by: facts.chosen_by,
      language: facts.language,
      safety_tags: texts.safety_tags,
      redactions: texts.redactions,
      artefacts_removed: texts.artefacts_removed,
      task: facts.task,
      cluster: facts.cluster,
      component: facts.component,
      near_duplicates: facts.near_duplicates === '' ? null : facts.near_duplicates,
      consent,
      ...texts.columns,
    },
  }
}
