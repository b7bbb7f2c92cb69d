import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { namesStored, parseRecipe, parseStored, type RecipeInput, type StoredRecipe } from '@flywheel/curation'
import { FlywheelError, isFlywheelError } from '@flywheel/schema'
import { Cron } from 'croner'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { type HubDestination, hubDestination, hubSchema } from './hub-destination.js'
import { type S3Destination, s3Schema } from './s3-destination.js'
import { isWebhookSecret, type WebhookTarget, webhookSchema } from './webhook.js'

/** A recipe with when and for whom it runs. */
export interface ExportPlan {
  name: string
  /** Five or six fields. @default only when asked for */
  cron?: string | undefined
  /** IANA name. */
  timezone: string
  /** Ids; 'every': all that there are when its turn comes. */
  projects: 'every' | string[]
  /** One that the server stores is looked up for each run. */
  recipe: RecipeInput | StoredRecipe
  /** Who is told what became of a run. */
  webhooks: WebhookTarget[]
  /** Where a published export is copied. */
  destinations: (S3Destination | HubDestination)[]
}

/** The plans that concern a project. */
export function plansOf(plans: readonly ExportPlan[], project_id: string): ExportPlan[] {
  return plans.filter(({ projects }) => projects === 'every' || projects.includes(project_id))
}

const recipe = z.union([z.string().min(1), z.looseObject({})])

const planSchema = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,100}$/, 'use 1 to 100 letters, digits, dots, hyphens and underscores'),
  cron: z.string().optional(),
  timezone: z.string().default('UTC'),
  projects: z.union([z.literal('every'), z.array(z.string().min(1)).min(1)]).default('every'),
  recipe: recipe.default({}),
  webhooks: z.array(z.string()).default([]),
  destinations: z.array(z.string()).default([]),
})

const plansSchema = z.strictObject({
  recipes: z.array(planSchema).default([]),
  webhooks: z.record(z.string(), webhookSchema).default({}),
  destinations: z.record(z.string(), z.discriminatedUnion('kind', [s3Schema, hubSchema])).default({}),
})

type Env = Readonly<Record<string, string | undefined>>

function refuse(path: string, why: string): FlywheelError {
  return new FlywheelError('invalid_config', `The export plans in ${path} are not valid: ${why}`)
}

function readYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8')) as unknown
  } catch (error) {
    throw refuse(path, `${problemOf(error)}; correct the file`)
  }
}

/** Where a file is no YAML. The parser's own message quotes the line, which may hold a secret. */
function problemOf(error: unknown): string {
  if (!(error instanceof YAMLParseError)) return (error as Error).message
  const { line, col } = error.linePos?.[0] ?? { line: 1, col: 1 }
  return `${error.code} at line ${line}, column ${col}`
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

function webhookTargets(path: string, written: z.output<typeof plansSchema>['webhooks'], env: Env): WebhookTarget[] {
  return Object.entries(written).map(([name, { url, events, timeout_ms, retry_ms, ...how }]) => {
    const secret = how.secret ?? env[how.secret_env ?? '']
    if (secret === undefined) throw refuse(path, `webhook ${name}: set ${how.secret_env} to its secret`)
    if (!isWebhookSecret(secret)) {
      throw refuse(path, `webhook ${name}: the secret is none; make one with: echo whsec_$(openssl rand -base64 32)`)
    }
    return { name, url, secret, events, timeout_ms, retry_ms }
  })
}

/** What a part of the file refuses is refused by the name of the file. */
function orRefuse<T>(path: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw isFlywheelError(error) ? refuse(path, error.message) : error
  }
}

/** A recipe that the server stores is read with each run, which says the same. */
function checkTargets(
  path: string,
  name: string,
  { recipe, destinations }: Pick<ExportPlan, 'recipe' | 'destinations'>,
): void {
  const isPushed = destinations.some(({ kind }) => kind === 'hub')
  if (!isPushed || namesStored(recipe) || parseRecipe(recipe).targets.includes('hub')) return
  throw refuse(
    path,
    `${name}: its destination is the Hub and its recipe writes nothing for it; add hub to the targets of the recipe`,
  )
}

/** The ones that a plan names. */
function named<T extends { name: string }>(path: string, plan: string, kind: string, names: string[], all: T[]): T[] {
  return names.map((name) => {
    const found = all.find((each) => each.name === name)
    if (found !== undefined) return found
    const known = all.map((each) => each.name).join(', ') || 'none'
    throw refuse(path, `${plan}: there is no ${kind} named ${name}; known: ${known}`)
  })
}

/**
 * A place is known by bucket and prefix alone, as the recipients of an export name it: with two services behind one such
 * name an erasure would clean, and copy to, whichever comes first.
 */
function checkPlaces(path: string, destinations: readonly ExportPlan['destinations'][number][]): void {
  const seen = new Map<string, S3Destination>()
  for (const each of destinations) {
    if (each.kind !== 's3') continue
    const place = `s3://${each.bucket}/${each.prefix}`
    const other = seen.get(place) ?? each
    seen.set(place, other)
    if (other.endpoint !== each.endpoint)
      throw refuse(
        path,
        `destination ${each.name}: ${other.name} is ${place} too, at another endpoint; give one of them a prefix of its own`,
      )
  }
}

/** A dataset of the Hub holds one export: a second plan or project would take the rows of the first away with each turn. */
function checkDatasets(path: string, plans: readonly ExportPlan[]): void {
  const holders = new Map<string, string>()
  for (const { name, projects, destinations } of plans)
    for (const { dataset } of destinations.filter((each) => each.kind === 'hub')) {
      const other = holders.get(dataset)
      if (other !== undefined && other !== name)
        throw refuse(
          path,
          `${name}: ${other} pushes to ${dataset} too, which holds one export; give each its own dataset`,
        )
      if (projects !== 'every' && projects.length > 1)
        throw refuse(path, `${name}: ${dataset} holds the export of one project; make a plan for each project`)
      holders.set(dataset, name)
    }
}

/**
 * Reads a plan file: YAML (or JSON), each recipe inline or as the path of its own file, relative to this one. Everything
 * is checked here, before anything runs.
 * @param env where secrets are that the file names by their variable
 * @throws FlywheelError `invalid_config` naming the file, the key and what is wrong
 */
export function readExportPlans(path: string, env: Env): ExportPlan[] {
  const parsed = plansSchema.safeParse(readYaml(path))
  if (!parsed.success) throw refuse(path, z.prettifyError(parsed.error))
  const { recipes } = parsed.data
  const names = recipes.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw refuse(path, `two recipes are named ${twice}; name each once`)
  const destinations = Object.entries(parsed.data.destinations).map(([name, written]) =>
    written.kind === 's3' ? { name, ...written } : orRefuse(path, () => hubDestination(name, written, env)),
  )
  checkPlaces(path, destinations)
  const webhooks = webhookTargets(path, parsed.data.webhooks, env)
  const plans = recipes.map((plan) => {
    checkCron(path, plan)
    const written = typeof plan.recipe === 'string' ? readYaml(resolve(dirname(path), plan.recipe)) : plan.recipe
    const recipe = { name: plan.name, ...(written as object) } as ExportPlan['recipe']
    try {
      if (namesStored(recipe)) parseStored(recipe)
      else parseRecipe(recipe)
    } catch (error) {
      throw isFlywheelError(error) ? refuse(path, `${plan.name}: ${error.message}`) : error
    }
    const chosen = named<ExportPlan['destinations'][number]>(
      path,
      plan.name,
      'destination',
      plan.destinations,
      destinations,
    )
    checkTargets(path, plan.name, { recipe, destinations: chosen })
    return {
      ...plan,
      recipe,
      webhooks: named(path, plan.name, 'webhook', plan.webhooks, webhooks),
      destinations: chosen,
    }
  })
  checkDatasets(path, plans)
  return plans
}

/**
 * The plans of a file, and the default recipe where a schedule is named for it alone.
 * @throws FlywheelError `invalid_config` where the file has a recipe of that name
 */
export function withDefaultPlan(
  plans: readonly ExportPlan[],
  { cron, timezone }: { cron?: string | undefined; timezone: string },
): ExportPlan[] {
  if (cron === undefined) return [...plans]
  if (plans.some(({ name }) => name === 'default')) {
    throw new FlywheelError(
      'invalid_config',
      'FLYWHEEL_EXPORT_CRON schedules the recipe default, and the file of FLYWHEEL_EXPORT_PLANS has one of that name; leave one out',
    )
  }
  return [{ name: 'default', cron, timezone, projects: 'every', recipe: {}, webhooks: [], destinations: [] }, ...plans]
}
