import { expect, it } from 'vitest'
import { type ExportTarget, PROBLEMS, TARGETS } from '../../src/index.js'

const HEAD = `# Targets and formats

A target is a trainer's layout, a format how its files are encoded. A recipe names both; the defaults are \`"targets": ["trl"], "formats": ["jsonl", "parquet"]\`.

\`\`\`json
{ "targets": ["trl", "openai"], "formats": ["jsonl"], "weights": "none", "reasoning": "drop" }
\`\`\`

\`flywheel export run --target trl openai\` (or \`--format trl\`) puts targets in place of the recipe's. A format that a target does not read is not written for it; a target that reads none of the formats is refused.

- A row that a target cannot read as it is (a tool call where messages are a role and a text) is left out of its files and counted by reason in \`targets\` of the manifest and in the card. It is never bent to fit.
- The files of \`trl\` stand in \`preference/\`, \`unpaired/\` and \`supervised/\`, those of any other target in a folder of its name. Each shard has a sidecar in \`meta/\`.
- Rows of the split \`evaluation\` are written by the target \`evaluation\` alone, and it writes no others: a recipe with \`evaluation.share\` has it without naming it, \`"targets": ["evaluation"]\` makes an export of nothing else.
- \`weights\`: \`column\` writes \`weight\` (2p - 1), \`margin\` writes the log-odds of the prior, \`resample\` repeats rows of train in proportion (the lightest once, at most ten copies, the same on every run), \`none\` leaves them in the sidecar. The card says what the target does with it.
- \`reasoning: "keep"\` leaves \`reasoning_content\` on earlier turns and on both sides, or on neither; \`trl\`, \`trl-messages\`, \`trl-prompts\` and \`hub\` have a place for it.
- Every shard is read back and judged by an emulation of its target's loader before it is published, and each side is compared with the row it was made from.

\`flywheel export validate PATH --target NAME\` does the same with any file or folder, also one that Flywheel did not write: JSON lines of any size, JSON lists up to 512 MiB, Parquet. It needs no server, names the line and the cause of each row that would be lost or misread, and exits with 1 where there is one. Its emulations are of the loaders as their sources and documentation stood in November 2026; that Python's \`datasets\` reads every file as what was captured is tested by running it. TRL's own DPO, KTO, reward and SFT trainers (1.16.0, on 23 November 2026) took steps on the files of \`trl\` in both formats, with each column of weights: \`examples/train-dpo\`. LLaMA-Factory's loader and its preprocessing (0.9.5, the same day) kept every row of \`llama-factory\` in the stages \`rm\`, \`kto\` and \`sft\`. Tinker's cookbook (0.6.1, the same day) read the comparisons of \`tinker\` with their labels. The other loaders were not run.
`

function section(target: ExportTarget): string {
  const parts = target.parts.map((part) => {
    const format = target.formats.at(-1) as string
    const split = target.splits?.[0] ?? 'train'
    const path = `${target.folder(part.id, split)}${split}-00000-of-00001.${format}`
    return `\`${part.id}\` (from ${part.shapes.join(', ')}):\n\n\`\`\`\n${target.load(part.id, path, null)}\n\`\`\``
  })
  return [
    `## ${target.id}: ${target.name}`,
    `Formats: ${target.formats.join(', ')}.`,
    ...parts,
    [`- Weights: ${target.weightNote}`, ...target.traps.map((trap) => `- ${trap}`)].join('\n'),
  ].join('\n\n')
}

it('the page of targets says what the code says', async () => {
  const codes = Object.entries(PROBLEMS).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  const page = [
    HEAD.trimEnd(),
    ...TARGETS.map(section),
    ['## What the validators say', '', '| code | meaning |', '| --- | --- |', ...codes].join('\n'),
  ]
  await expect(`${page.join('\n\n')}\n`).toMatchFileSnapshot('../../docs/targets.md')
})
