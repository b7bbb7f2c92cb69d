import { checkMessages, checkSides, hasKeys, isObject, said, type Turn } from './conversation.js'
import { textMessage } from './render-message.js'
import type { Part, Target, TargetRecord } from './target.js'
import { losesTools, refusesTools } from './text-only.js'

interface Completion {
  rank: number
  completion: Turn[]
}

function isCompletion(value: unknown): value is Completion {
  return isObject(value) && hasKeys(value, ['rank', 'completion'])
}

function check(record: TargetRecord): string | null {
  const { context, completions } = record
  if (!hasKeys(record, ['context', 'completions'])) return 'columns_differ'
  if (!Array.isArray(completions) || completions.length !== 2) return 'not_two_completions'
  if (!completions.every(isCompletion)) return 'columns_differ'
  const [first, second] = completions as [Completion, Completion]
  if (!Number.isInteger(first.rank) || !Number.isInteger(second.rank)) return 'rank_not_an_integer'
  if (first.rank === second.rank) return 'ranks_tie'
  const problem = checkSides(context, [first.completion, second.completion])
  return problem ?? losesTools([...(context as Turn[]), ...first.completion, ...second.completion])
}

const preference: Part = {
  id: 'preference',
  shapes: ['preference'],
  isLike: (first) => 'completions' in first || 'context' in first,
  refuses: refusesTools,
  render: (row) => ({
    context: row.prompt.map(textMessage),
    completions: [row.chosen, ...(row.rejected === undefined ? [] : [row.rejected])].map((side, rank) => ({
      rank,
      completion: [textMessage(side)],
    })),
  }),
  check,
  said({ completions }) {
    const [best, worst] = [...(completions as Completion[])].sort((a, b) => a.rank - b.rank)
    return { better: said(best?.completion), worse: said(worst?.completion) }
  },
}

const supervised: Part = {
  id: 'supervised',
  shapes: ['supervised'],
  isLike: (first) => 'messages' in first,
  refuses: refusesTools,
  render: (row) => ({ messages: [...row.prompt, row.chosen].map(textMessage) }),
  check(record) {
    if (!hasKeys(record, ['messages'])) return 'columns_differ'
    return checkMessages(record['messages']) ?? losesTools(record['messages'] as Turn[])
  },
  said: ({ messages }) => ({ better: said([(messages as Turn[]).at(-1)]) }),
}

/** NeMo-RL: ranked completions, of which the lower rank is better. */
export const nemoRl: Target = {
  id: 'nemo-rl',
  name: 'NeMo-RL',
  formats: ['jsonl'],
  parts: [preference, supervised],
  usesArrow: true,
  folder: (part) => `nemo-rl/${part}/`,
  load: (part, path) =>
    part === 'preference'
      ? `++data.dataset_name=PreferenceDataset ++data.train_data_path=${path}`
      : `++data.dataset_name=openai_format ++data.train_data_path=${path}`,
  weights: [],
  weightNote: 'The loader reads no weight; resampling is what it can read.',
  traps: [
    'The lower rank is the better one; equal ranks stop the run in the middle of an epoch.',
    'DPO reads exactly two completions a row.',
    'Messages are a role and a text: rows with tools are left out.',
    'Each path is one file: raise `shard_rows` above the number of rows.',
  ],
}
