import type { CuratedRow } from '../row.js'
import { canonicalJson } from '../text/canonical-json.js'
import { checkPrompt, hasKeys, isObject, said, type Turn } from './conversation.js'
import { textMessage } from './render-message.js'
import type { Layout, Part, Target, TargetRecord } from './target.js'
import { losesTools, refusesTools } from './text-only.js'
import { loadDataset } from './trl.js'
import { weightFields } from './weigh.js'

function infoOf(info: unknown): Record<string, unknown> | null {
  if (isObject(info)) return info
  try {
    const parsed: unknown = typeof info === 'string' ? JSON.parse(info) : null
    return isObject(parsed) ? parsed : null
  } catch {
    return null
  }
}

function check(record: TargetRecord, needsRejected: boolean): string | null {
  const { prompt, answer, info, task } = record
  if (!hasKeys(record, ['prompt', 'answer'], ['info', 'task', 'example_id'])) return 'columns_differ'
  const problem = checkPrompt(prompt) ?? losesTools(prompt as Turn[])
  if (problem !== null) return problem
  if (typeof answer !== 'string') return 'answer_not_a_string'
  if (answer.trim() === '') return 'empty_side'
  if (task !== undefined && typeof task !== 'string') return 'task_not_a_string'
  const known = info === undefined ? {} : infoOf(info)
  if (known === null) return 'info_not_an_object'
  if (needsRejected && typeof known['rejected'] !== 'string') return 'empty_side'
  return known['rejected'] === answer ? 'same_sides' : null
}

function render(row: CuratedRow, layout: Layout): TargetRecord {
  const { meta, rejected } = row
  const info = {
    row_id: meta.row_id,
    strategy: meta.strategy,
    ...(rejected === undefined ? {} : { rejected: rejected.content }),
    ...weightFields(row, layout),
  }
  return {
    prompt: row.prompt.map(textMessage),
    answer: row.chosen.content,
    info: canonicalJson(info),
    task: meta.task === '' ? 'default' : meta.task,
  }
}

function part(id: 'preference' | 'supervised'): Part {
  const isPair = id === 'preference'
  return {
    id,
    shapes: [id],
    isLike: (first) => 'answer' in first && (typeof infoOf(first['info'])?.['rejected'] === 'string') === isPair,
    refuses: refusesTools,
    render,
    columns: () => [
      { name: 'prompt', kind: 'messages' },
      { name: 'answer', kind: 'string' },
      { name: 'info', kind: 'string' },
      { name: 'task', kind: 'string' },
    ],
    check: (record) => check(record, isPair),
    said({ answer, info }) {
      const text = (content: unknown): string => said([{ role: 'assistant', content: String(content) }])
      return { better: text(answer), ...(isPair ? { worse: text(infoOf(info)?.['rejected']) } : {}) }
    },
  }
}

/** Rows for an environment of `verifiers`: the prompt, what a person kept as the reference, the served text in `info`. */
export const verifiers: Target = {
  id: 'verifiers',
  name: 'verifiers',
  formats: ['jsonl', 'parquet'],
  parts: [part('preference'), part('supervised')],
  usesArrow: true,
  folder: (id) => `verifiers/${id}/`,
  load: (id, path) => `vf.SingleTurnEnv(dataset=${loadDataset(id, path, null)}, rubric=rubric)`,
  weights: ['column', 'margin'],
  weightNote: 'It stands in `info`, where a reward function may read it.',
  traps: [
    'With a `prompt` column the environment’s own `system_prompt` is not put before it.',
    '`info` is a JSON string, because Arrow would fill the keys of one row into every other.',
    'The answer is one person’s edit, not the only right one: compare by a judge, not by equality.',
    'Answers are texts: rows with tools are left out.',
  ],
}
