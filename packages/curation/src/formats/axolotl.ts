import type { CuratedRow } from '../row.js'
import { checkMessages, checkSides, hasKeys, isObject, said, type Turn } from './conversation.js'
import { textMessage } from './render-message.js'
import type { ExtraFile, Part, Target, TargetFile, TargetRecord } from './target.js'
import { losesTools, refusesTools } from './text-only.js'

// What the loader puts before a side to render it, and then looks for the side's text in the result.
const DUMMY = '[[dummy_message]] user assistant system'

function checkFound(content: string): string | null {
  // Templates trim: a side that is not found is cut to its last character.
  if (content !== content.trim()) return 'side_not_trimmed'
  return DUMMY.includes(content) ? 'side_found_in_template' : null
}

function check(record: TargetRecord): string | null {
  const { messages, chosen, rejected } = record
  if (!hasKeys(record, ['messages', 'chosen', 'rejected'])) return 'columns_differ'
  if (!isObject(chosen) || !isObject(rejected)) return 'side_not_an_object'
  const problem = checkSides(messages, [[chosen], [rejected]])
  if (problem !== null) return problem
  const sides = [chosen, rejected] as unknown as Turn[]
  return (
    losesTools([...(messages as Turn[]), ...sides]) ??
    sides.map(({ content }) => checkFound(content ?? '')).find((code) => code !== null) ??
    null
  )
}

const preference: Part = {
  id: 'preference',
  shapes: ['preference'],
  isLike: (first) => 'chosen' in first || 'rejected' in first,
  refuses: refusesTools,
  render: (row: CuratedRow) => ({
    messages: row.prompt.map(textMessage),
    chosen: textMessage(row.chosen),
    ...(row.rejected === undefined ? {} : { rejected: textMessage(row.rejected) }),
  }),
  check,
  said: ({ chosen, rejected }) => ({ better: said(chosen), worse: said(rejected) }),
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

function stanza(path: string, isPreference: boolean): string[] {
  const type = isPreference ? 'chat_template.default' : 'chat_template'
  const lines = [`  - path: ${path}`, '    ds_type: json', `    type: ${type}`, '    split: train']
  lines.push(
    '    field_messages: messages',
    '    message_property_mappings:',
    '      role: role',
    '      content: content',
  )
  if (isPreference) lines.push('    field_chosen: chosen', '    field_rejected: rejected')
  return lines
}

/** One YAML file a part: the datasets and test_datasets of Axolotl's own configuration. */
function extras(files: readonly TargetFile[]): ExtraFile[] {
  return ['preference', 'supervised'].flatMap((part) => {
    const of = (split: string): string[] =>
      files.filter((file) => file.part === part && file.split === split).map(({ path }) => path)
    const lines = of('train').flatMap((path) => stanza(path, part === 'preference'))
    if (lines.length === 0) return []
    const tests = of('validation').flatMap((path) => stanza(path, part === 'preference'))
    const head = part === 'preference' ? ['rl: dpo'] : []
    const body = [...head, 'datasets:', ...lines, ...(tests.length === 0 ? [] : ['test_datasets:', ...tests])]
    return [{ path: `axolotl/${part}.yaml`, text: `${body.join('\n')}\n` }]
  })
}

/** Axolotl's `chat_template` strategies: the sides are objects, not lists. */
export const axolotl: Target = {
  id: 'axolotl',
  name: 'Axolotl',
  formats: ['jsonl'],
  parts: [preference, supervised],
  usesArrow: true,
  folder: (part) => `axolotl/${part}/`,
  load: (part) => `axolotl train config.yml   # with axolotl/${part}.yaml merged into config.yml`,
  weights: [],
  weightNote: 'The strategies read no weight; resampling is what they can read.',
  traps: [
    'The DPO strategy keeps role and content alone: a tool call becomes an empty side, so rows with tools are left out.',
    'It finds a side by searching its text in a rendered template: a side that stands in the template, or that the template trims, is misread and left out.',
    'A side that is a list is cut to its last message.',
    'Paths in the YAML are relative to where the command runs.',
  ],
  extras,
}
