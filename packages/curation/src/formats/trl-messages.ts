import { checkMessages, hasKeys, said, type Turn } from './conversation.js'
import { templateMessage } from './render-message.js'
import type { Target } from './target.js'
import { ARROW_TRAPS, loadDataset, TRL_OPTIONAL, toolsField, trlColumns } from './trl.js'
import { checkWeights, weightFields } from './weigh.js'

/** TRL's language modelling form: one conversation a row, which ends with the wanted answer. */
export const trlMessages: Target = {
  id: 'trl-messages',
  name: 'TRL, one conversation a row',
  formats: ['jsonl', 'parquet'],
  usesArrow: true,
  folder: (part) => `trl-messages/${part}/`,
  load: loadDataset,
  weights: ['column'],
  weightNote: 'The SFT trainer ignores the column.',
  traps: [
    'The loss is on every turn unless `assistant_only_loss` is set, and that needs a chat template with generation marks.',
    ...ARROW_TRAPS,
  ],
  parts: [
    {
      id: 'supervised',
      shapes: ['supervised'],
      isLike: (first) => hasKeys(first, ['messages'], TRL_OPTIONAL),
      render: (row, layout) => ({
        messages: [...row.prompt, row.chosen].map((message) => templateMessage(message, layout)),
        ...toolsField(row, layout),
        ...weightFields(row, layout),
      }),
      columns: (layout) => trlColumns(['messages'], layout),
      check: (record) =>
        hasKeys(record, ['messages'], TRL_OPTIONAL)
          ? (checkMessages(record['messages']) ?? checkWeights(record))
          : 'columns_differ',
      said: ({ messages }) => ({ better: said([(messages as Turn[]).at(-1)]) }),
    },
  ],
}
