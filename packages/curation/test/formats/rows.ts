import type { CuratedRow, CuratedSet, RowMeta } from '../../src/index.js'
import type { ChatMessage } from '../../src/prompt/chat.js'

let count = 0

export const user = (content: string): ChatMessage => ({ role: 'user', content })
export const says = (content: string): ChatMessage => ({ role: 'assistant', content })
export const system = (content: string): ChatMessage => ({ role: 'system', content })

export const calls = (args: Record<string, unknown>, content = ''): ChatMessage => ({
  role: 'assistant',
  content,
  tool_calls: [{ type: 'function', id: 'call_1', function: { name: 'refund', arguments: args as never } }],
})

export const refundTool = {
  type: 'function',
  function: { name: 'refund', parameters: { type: 'object', properties: { order: { type: 'integer' } } } },
}

/** A row of the set with everything that a test does not name. */
export function rowOf(
  row: Pick<CuratedRow, 'shape' | 'chosen'> & Partial<CuratedRow>,
  meta: Partial<RowMeta> = {},
): CuratedRow {
  const id = `row-${String(++count).padStart(4, '0')}`
  return {
    prompt: [user('Where is my lamp?')],
    tools: [],
    event_ids: [],
    meta: {
      row_id: id,
      strategy: 'edit.final',
      split: 'train',
      weight: 0.5,
      prior: 0.75,
      prior_source: 'measured',
      edit_distance: 0.4,
      prompt_chars: 17,
      chosen_chars: 20,
      rejected_chars: 10,
      model: 'stub-1',
      provider: 'openai',
      chosen_provider: 'openai',
      language: 'en',
      safety_tags: [],
      redactions: {},
      artefacts_removed: [],
      chosen_by: 'human',
      task: 'reply',
      cluster: id,
      component: id,
      consent: 'interaction',
      ...meta,
    } as RowMeta,
    ...row,
  }
}

export function setOf(rows: CuratedRow[]): CuratedSet {
  return {
    rows,
    funnel: [],
    strategies: [],
    rows_per_user: [1],
    contamination: [],
    leaking_members: 0,
    assignments: [],
    tells_sides_apart: { auc: null, pairs: 0, folds: 0 },
  } as CuratedSet
}

/** One row of each kind that targets treat differently; always the same ids. */
export function exampleRows(): CuratedRow[] {
  count = 0
  const asked = [system('You answer for a shop.'), user('Where is my lamp?')]
  const answered: ChatMessage[] = [
    ...asked,
    calls({ order: 7 }),
    { role: 'tool', content: 'refunded', tool_call_id: 'call_1' },
  ]
  return [
    rowOf({
      shape: 'preference',
      prompt: asked,
      chosen: says('It left us on Monday.'),
      rejected: says('It ships soon.'),
    }),
    rowOf(
      {
        shape: 'preference',
        prompt: [user('And my chair?')],
        chosen: says('Tomorrow, by noon.'),
        rejected: says('Soon.'),
      },
      { prior: 0.84, weight: 0.68 },
    ),
    rowOf(
      {
        shape: 'preference',
        prompt: asked,
        tools: [refundTool],
        chosen: calls({ order: 8 }),
        rejected: calls({ order: 7 }),
      },
      { prior: 0.85, weight: 0.7 },
    ),
    rowOf(
      { shape: 'unpaired', prompt: asked, chosen: says('It is on its way.'), label: true },
      { prior: 0.65, weight: 0.3 },
    ),
    rowOf(
      { shape: 'unpaired', prompt: [user('Why so late?')], chosen: says('No idea.'), label: false },
      { prior: 0.65, weight: 0.3 },
    ),
    rowOf({ shape: 'supervised', prompt: asked, chosen: says('It left us on Monday.') }),
    rowOf({ shape: 'supervised', prompt: answered, tools: [refundTool], chosen: says('Your money is back.') }),
  ]
}
