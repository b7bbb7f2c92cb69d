import { FlywheelError } from '@flywheel/schema'
import type { Recipe } from '../recipe.js'
import { EVALUATION_SPLIT } from './evaluation.js'

/**
 * Refuses to write files for a trainer from what people gave to evaluation alone: whoever finds such a file trains on it,
 * and no consent to that stands behind its rows.
 * @throws FlywheelError `invalid_request` naming the targets and what to name in their place
 */
export function refuseTrainersOfEvaluation({ purpose, targets }: Pick<Recipe, 'purpose' | 'targets'>): void {
  if (purpose !== 'evaluate') return
  const trainers = targets.filter((id) => id !== EVALUATION_SPLIT)
  if (trainers.length === 0) return
  const named = trainers.map((id) => `"${id}"`).join(', ')
  throw new FlywheelError(
    'invalid_request',
    `recipe: the purpose "evaluate" rests on consent to evaluation alone, and ${named} is written to train on; name "targets": ["${EVALUATION_SPLIT}"] with the share that is held out ("evaluation": { "share": 0.5 }), or the purpose "train"`,
  )
}
