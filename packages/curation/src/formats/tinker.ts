import { sha256 } from '../text/canonical-json.js'
import { checkMessages, checkSides, hasKeys, isObject, said, type Turn } from './conversation.js'
import { textMessage } from './render-message.js'
import type { Part, Target, TargetRecord } from './target.js'
import { losesTools, refusesTools } from './text-only.js'

const COMPARISON = ['prompt_conversation', 'completion_A', 'completion_B']

interface Comparison {
  prompt_conversation: Turn[]
  completion_A: Turn[]
  completion_B: Turn[]
}

/** Whether the better side stands as A: half of the rows, by their ids, so that no place is always the better one. */
function isBetterFirst(rowId: string): boolean {
  return Number.parseInt(sha256(`tinker/${rowId}`).slice(0, 2), 16) % 2 === 0
}

function check(record: TargetRecord): string | null {
  const { comparison, label } = record
  if (!hasKeys(record, ['comparison', 'label'])) return 'columns_differ'
  if (!isObject(comparison) || !hasKeys(comparison, COMPARISON)) return 'columns_differ'
  if (label !== 'A' && label !== 'B') return 'label_not_a_or_b'
  const { prompt_conversation: prompt, completion_A: a, completion_B: b } = comparison as unknown as Comparison
  return checkSides(prompt, [a, b]) ?? losesTools([...prompt, ...a, ...b])
}

const preference: Part = {
  id: 'preference',
  shapes: ['preference'],
  isLike: (first) => 'comparison' in first,
  refuses: refusesTools,
  render(row) {
    const better = [textMessage(row.chosen)]
    const worse = row.rejected === undefined ? [] : [textMessage(row.rejected)]
    const isFirst = isBetterFirst(row.meta.row_id)
    return {
      comparison: {
        prompt_conversation: row.prompt.map(textMessage),
        completion_A: isFirst ? better : worse,
        completion_B: isFirst ? worse : better,
      },
      label: isFirst ? 'A' : 'B',
    }
  },
  check,
  said({ comparison, label }) {
    const { completion_A: a, completion_B: b } = comparison as Comparison
    return label === 'A' ? { better: said(a), worse: said(b) } : { better: said(b), worse: said(a) }
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

/** Tinker's cookbook: comparisons with a label A or B, and conversations. */
export const tinker: Target = {
  id: 'tinker',
  name: 'Tinker',
  formats: ['jsonl'],
  parts: [preference, supervised],
  usesArrow: true,
  folder: (part) => `tinker/${part}/`,
  load: (part, path) =>
    part === 'preference'
      ? `ComparisonBuilderFromJsonl(train_path="${path}")`
      : `FromConversationFileBuilder(file_path="${path}")`,
  weights: [],
  weightNote: 'A comparison has no weight; resampling is what the cookbook can read.',
  traps: [
    'Every label that is not A is read as "B is better" by the DPO path, also a tie: ties are never written.',
    'A preference model learns the place if the better side always stands first: half of the rows have it as B, by row id.',
    'Messages are a role and a text: rows with tools are left out.',
    'Each builder takes one file: raise `shard_rows` above the number of rows.',
  ],
}
