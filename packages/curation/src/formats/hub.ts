import type { ExtraFile, Target, TargetFile } from './target.js'
import { trl, trlPart } from './trl.js'

const CONFIGS = ['preference', 'unpaired', 'sft']

function card(files: readonly TargetFile[]): string {
  const configs = CONFIGS.flatMap((part) => {
    const splits = [...new Set(files.filter((file) => file.part === part).map(({ split }) => split))]
    if (splits.length === 0) return []
    const paths = splits.flatMap((split) => [`  - split: ${split}`, `    path: data/${part}/${split}-*.parquet`])
    return [`- config_name: ${part}`, '  data_files:', ...paths]
  })
  const rows = CONFIGS.flatMap((part) =>
    files
      .filter((file) => file.part === part)
      .map((file) => `| ${part} | ${file.split} | ${file.rows} | \`${file.path.replace(/^hub\//, '')}\` |`),
  )
  return [
    '---',
    'tags:',
    '- flywheel',
    '- preference',
    'configs:',
    ...configs,
    '---',
    '',
    '# Feedback data set',
    '',
    'Rows in TRL’s conversational form: `preference` (prompt, chosen, rejected), `unpaired` (prompt, completion, label), `sft` (prompt, completion). The card of the export, beside this folder, says how they were made and what is not in them: put its text here before you share them.',
    '',
    '| config | split | rows | file |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    '```python',
    'load_dataset("OWNER/NAME", "preference", split="train")',
    '```',
    '',
  ].join('\n')
}

function extras(files: readonly TargetFile[]): ExtraFile[] {
  return files.length === 0 ? [] : [{ path: 'hub/README.md', text: card(files) }]
}

/** The Hugging Face Hub's layout: a folder to upload as it is, one config a shape, Parquet alone. */
export const hub: Target = {
  id: 'hub',
  name: 'Hugging Face Hub',
  formats: ['parquet'],
  parts: [trlPart('preference'), trlPart('unpaired'), trlPart('supervised', 'sft')],
  usesArrow: true,
  folder: (part) => `hub/data/${part}/`,
  load: (part) => `load_dataset("hub", "${part}", split="train")   # or, uploaded, "OWNER/NAME"`,
  weights: trl.weights,
  weightNote: trl.weightNote,
  traps: [
    'Without `configs` in the card every file would be one config, and columns that differ stop the viewer.',
    'Uploading is publishing: look at the rights, the redaction and the retention of the export first.',
    ...trl.traps,
  ],
  extras,
}
