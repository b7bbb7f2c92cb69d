import { FlywheelError } from '@flywheel/schema'
import { z } from 'zod'
import type { RecipeInput } from '../recipe.js'
import type { PresetId } from './ids.js'

/** A recipe that can be asked for by name. One entry each. */
export interface Preset {
  id: PresetId
  /** What it is for, in one sentence. */
  description: string
  recipe: RecipeInput
}

// No draft of this product is as old: none of them settles.
const TEN_YEARS_MS = 3_650 * 24 * 3_600_000

/** Every preset that a recipe may name. */
export const PRESETS: readonly Preset[] = [
  {
    id: 'expert-2000',
    description:
      'At most 2,000 rows of each shape that a reviewer decided or an expert wrote, by information and coverage',
    recipe: {
      name: 'expert-2000',
      selection: { only: 'vouched', budget: 2000, by: 'information', spread: ['task', 'prompt'] },
    },
  },
  {
    id: 'high-precision',
    description:
      'Only pairs of which it was measured how often people agree with them (committed edits of a word distance of 0.1 or more, thumbs at an agreement of 0.9), and what reviewers decided: fewer rows',
    recipe: {
      name: 'high-precision',
      strategies: ['review.decision', 'edit.final', 'thumbs.pair'],
      edit: { min_distance: 0.1 },
      evidence: { thumbs_min_agreement: 0.9 },
      settling: { draft_ms: TEN_YEARS_MS },
    },
  },
  {
    id: 'sft-accepted',
    description:
      'Supervised rows alone: what people corrected an answer to, and answers that they accepted as they were',
    recipe: { name: 'sft-accepted', strategies: ['sft.edit', 'sft.accept'] },
  },
  {
    id: 'kto-thumbs',
    description:
      'Unpaired rows alone, for KTO: one completion with one label for each answer with thumbs that nothing contradicts',
    recipe: { name: 'kto-thumbs', strategies: ['thumbs.unpaired'] },
  },
]

const named = z.looseObject({ preset: z.string() })

/**
 * A recipe with its key `preset` resolved: what the recipe says itself stands over what the preset says, key by key and
 * within `selection`, `caps` and the like once more. A recipe that names none is returned as it is.
 * @throws FlywheelError `invalid_request` for a name that is none, naming the known ones
 */
export function withPreset(input: unknown): unknown {
  const parsed = named.safeParse(input)
  if (!parsed.success) return input
  const { preset, ...own } = parsed.data
  const found = PRESETS.find(({ id }) => id === preset)
  if (found === undefined) {
    const known = PRESETS.map(({ id }) => id).join(', ')
    throw new FlywheelError('invalid_request', `recipe: unknown preset "${preset}"; use one of ${known}`)
  }
  const merged: Record<string, unknown> = { ...found.recipe }
  for (const [key, value] of Object.entries(own)) {
    const before = merged[key]
    merged[key] = isRecord(before) && isRecord(value) ? { ...before, ...value } : value
  }
  return merged
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
