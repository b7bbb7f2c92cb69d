import { TARGETS } from '../formats/registry.js'
import { TRAINING_SPLITS } from '../recipe/evaluation.js'
import type { Recipe } from '../recipe.js'
import type { Facts } from '../row-facts.js'
import { targetsOf } from './plan.js'

/** Why a recipe that makes an evaluation set holds nobody out, for a set with or without a parent. */
export function whyNobodyHeldOut({ evaluation }: Pick<Recipe, 'evaluation'>, parent: string | null): string {
  if (evaluation.share === 0) return 'the recipe asks for no share: set `evaluation.share`'
  return parent === null
    ? 'the share drew nobody of them: raise `evaluation.share`'
    : 'people of earlier exports keep their split, because what was trained on is no test; the share is drawn from those who come new'
}

/** Tells whether a target of a recipe has a file for a row; whether it can read the row as it is, only the row says. */
export function placesOf(recipe: Recipe): (row: Pick<Facts, 'shape' | 'split'>) => boolean {
  const places = new Set(
    targetsOf(recipe).flatMap(({ target: { parts, splits = TRAINING_SPLITS } }) =>
      parts.flatMap(({ shapes }) => shapes.flatMap((shape) => splits.map((split) => `${shape} ${split}`))),
    ),
  )
  return ({ shape, split }) => places.has(`${shape} ${split}`)
}

/** Ids of the targets that have a file for rows of a shape and split. */
export function targetsFor({ shape, split }: Pick<Facts, 'shape' | 'split'>): string[] {
  return TARGETS.filter(
    ({ parts, splits = TRAINING_SPLITS }) =>
      splits.includes(split) && parts.some(({ shapes }) => shapes.includes(shape)),
  ).map(({ id }) => id)
}
