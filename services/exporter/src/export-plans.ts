import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseRecipe, type RecipeInput } from '@flywheel/curation'
import { FlywheelError, isFlywheelError } from '@flywheel/schema'
import { Cron } from 'croner'
import { parse } from 'yaml'
import { z } from 'zod'

/** A recipe with when and for whom it runs. */
export interface ExportPlan {
  name: string
  /** Five or six fields. @default only when asked for */
  cron?: string | undefined
  /** IANA name. */
  timezone: string
  /** Ids; 'every': all that there are when its turn comes. */
  projects: 'every' | string[]
  recipe: RecipeInput
}

/** All that a plan file says. */
export interface ExportPlans {
  plans: ExportPlan[]
}

const recipe = z.union([z.string().min(1), z.looseObject({})])

const planSchema = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,100}$/, 'use 1 to 100 letters, digits, dots, hyphens and underscores'),
  cron: z.string().optional(),
  timezone: z.string().default('UTC'),
  projects: z.union([z.literal('every'), z.array(z.string().min(1)).min(1)]).default('every'),
  recipe: recipe.default({}),
})

const plansSchema = z.strictObject({ recipes: z.array(planSchema).default([]) })

function refuse(path: string, why: string): FlywheelError {
  return new FlywheelError('invalid_config', `The export plans in ${path} are not valid: ${why}`)
}

function readYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8')) as unknown
  } catch (error) {
    throw refuse(path, `${(error as Error).message}; correct the file`)
  }
}

/** @throws FlywheelError `invalid_config` for an expression or a time zone that is none */
function checkCron(
  path: string,
  { name, cron, timezone }: { name: string; cron?: string | undefined; timezone: string },
): void {
  if (cron === undefined) return
  try {
    new Cron(cron, { timezone, paused: true }).nextRun()
  } catch (error) {
    throw refuse(
      path,
      `${name}: "${cron}" (${timezone}): ${(error as Error).message}; use five fields and an IANA zone`,
    )
  }
}

/**
 * Reads a plan file: YAML (or JSON), each recipe inline or as the path of its own file, relative to this one. Everything
 * is checked here, before anything runs.
 * @throws FlywheelError `invalid_config` naming the file, the key and what is wrong
 */
export function readExportPlans(path: string): ExportPlans {
  const parsed = plansSchema.safeParse(readYaml(path))
  if (!parsed.success) throw refuse(path, z.prettifyError(parsed.error))
  const { recipes } = parsed.data
  const names = recipes.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw refuse(path, `two recipes are named ${twice}; name each once`)
  const plans = recipes.map((plan) => {
    checkCron(path, plan)
    const written = typeof plan.recipe === 'string' ? readYaml(resolve(dirname(path), plan.recipe)) : plan.recipe
    const named = { name: plan.name, ...(written as object) } as RecipeInput
    try {
      parseRecipe(named)
    } catch (error) {
      throw isFlywheelError(error) ? refuse(path, `${plan.name}: ${error.message}`) : error
    }
    return { ...plan, recipe: named }
  })
  return { plans }
}

/**
 * The plans of a configuration: those of the file, and the default recipe where a schedule is named for it alone.
 * @throws FlywheelError `invalid_config` as `readExportPlans`
 */
export function exportPlans(config: {
  cron: string | undefined
  timezone: string
  path: string | undefined
}): ExportPlans {
  const { cron, timezone, path } = config
  const { plans } = path === undefined ? { plans: [] } : readExportPlans(path)
  if (cron === undefined) return { plans }
  if (plans.some(({ name }) => name === 'default')) {
    throw refuse(path ?? '', 'a recipe is named default, and FLYWHEEL_EXPORT_CRON schedules that one; leave one out')
  }
  return { plans: [{ name: 'default', cron, timezone, projects: 'every', recipe: {} }, ...plans] }
}
