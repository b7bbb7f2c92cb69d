import { checkPrompt, hasKeys } from './conversation.js'
import { templateMessage } from './render-message.js'
import type { Target } from './target.js'
import { loadDataset, toolsField, trlColumns } from './trl.js'

/** TRL's prompt-only form, for trainers that sample (GRPO, online DPO): every prompt of the set once. */
export const trlPrompts: Target = {
  id: 'trl-prompts',
  name: 'TRL, prompts alone',
  formats: ['jsonl', 'parquet'],
  usesArrow: true,
  folder: (part) => `trl-prompts/${part}/`,
  load: loadDataset,
  weights: [],
  weightNote: 'Weights are of answers; prompts have none.',
  traps: [
    'A row whose last turn is the assistant is continued, not answered.',
    'Rows longer than `max_prompt_length` are cut from the left: the system prompt goes first.',
  ],
  parts: [
    {
      id: 'prompt',
      shapes: ['preference', 'unpaired', 'supervised'],
      isDistinct: true,
      isLike: (first) => hasKeys(first, ['prompt'], ['tools']),
      render: (row, layout) => ({
        prompt: row.prompt.map((message) => templateMessage(message, layout)),
        ...toolsField(row, layout),
      }),
      columns: (layout) => trlColumns(['prompt'], layout),
      check: (record) => (hasKeys(record, ['prompt'], ['tools']) ? checkPrompt(record['prompt']) : 'columns_differ'),
      said: () => ({}),
    },
  ],
}
