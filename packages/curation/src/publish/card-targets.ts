import { hasOptionalKeys, pythonFeatures } from '../formats/python-features.js'
import { TARGETS } from '../formats/registry.js'
import type { Layout, Target } from '../formats/target.js'
import type { Manifest } from './manifest.js'
import { partOf } from './plan.js'

const WEIGHTS: Record<Layout['weights'], string> = {
  none: 'Weights stand in the sidecar alone.',
  column: 'Weights stand in the column `weight`.',
  margin: 'The column `margin` is the log-odds of the prior.',
  resample: 'Rows of train are repeated in proportion to their weights, the lightest once.',
}

/** What the sections on targets read of a manifest. */
export type WrittenFor = Pick<Manifest, 'files' | 'targets' | 'recipe'>

function loadLine(target: Target, part: string, manifest: WrittenFor, layouts: readonly Layout[]): string {
  const layout = layouts.find((each) => each.target === target.id && each.part === part)
  const files = manifest.files.filter((file) => file.target === target.id && file.shape === part)
  const isTold = layout !== undefined && hasOptionalKeys(layout)
  // Parquet says its columns; JSON lines have to be told them where messages differ in their keys.
  const formats = isTold ? [...target.formats].reverse() : target.formats
  const preferred = formats.flatMap((format) => files.filter((file) => file.format === format))[0]
  const columns = layout === undefined ? undefined : partOf(layout).part.columns?.(layout)
  const features =
    isTold && columns !== undefined && preferred?.format === 'jsonl' ? pythonFeatures(columns, layout) : null
  const path = preferred?.path ?? ''
  // One shard has a name of its own; several share a pattern.
  const shards = files.filter((file) => file.format === preferred?.format && file.split === preferred.split)
  return target.load(part, shards.length > 1 ? path.replace(/-\d{5}-of-\d{5}\./, '-*.') : path, features)
}

function leftOut(reasons: Record<string, number>): string {
  const words = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`)
  return words.length === 0 ? '' : `; left out: ${words.join(', ')}`
}

function section(target: Target, manifest: WrittenFor, layouts: readonly Layout[]): string[] {
  const parts = manifest.targets.filter((each) => each.target === target.id)
  const mode = layouts.find((layout) => layout.target === target.id)?.weights ?? 'none'
  const isUnread = manifest.recipe.weights !== 'none' && mode === 'none'
  const lost = isUnread ? ` The recipe asks for \`${manifest.recipe.weights}\`, for which it has no place.` : ''
  return [
    `### ${target.name}`,
    '',
    ...parts.flatMap(({ part, rows, left_out }) => [
      `- \`${part}\`: ${rows} rows${leftOut(left_out)}.`,
      ...(rows === 0 ? [] : ['', '  ```', `  ${loadLine(target, part, manifest, layouts)}`, '  ```', '']),
    ]),
    `- Weights: ${WEIGHTS[mode]}${lost} ${target.weightNote}`,
    ...target.traps.map((trap) => `- ${trap}`),
    '',
  ]
}

/** How each target's files are loaded, what they hold, and what goes wrong there without a word. */
export function targetsSection(manifest: WrittenFor, layouts: readonly Layout[]): string[] {
  const written = TARGETS.filter(({ id }) => manifest.targets.some(({ target }) => target === id))
  return written.length === 0 ? [] : ['## Loading', '', ...written.flatMap((each) => section(each, manifest, layouts))]
}
