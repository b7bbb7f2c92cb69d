import { z } from 'zod'

/** What was found out about one provider's terms. */
export interface ProviderRight {
  /** Whether its models' texts may stand in a row. */
  allowed: boolean
  /** Why, for the card: a clause, a contract, a date. */
  reason: string
}

/** Whose models' texts may be trained on. */
export interface RightsRecipe {
  /** By provider, as interactions name it (`openai`, `anthropic`, `google`). @default none is judged */
  providers: Record<string, ProviderRight>
  /** What holds for a provider that is not named. @default allow, with a warning on the card */
  others: 'allow' | 'deny'
}

const right = z.strictObject({ allowed: z.boolean(), reason: z.string().min(1).max(500) })

/** Parses the key `rights` of a recipe. */
export const rightsSchema: z.ZodType<RightsRecipe> = z
  .strictObject({
    providers: z.record(z.string().min(1), right).default({}),
    others: z.enum(['allow', 'deny']).default('allow'),
  })
  .prefault({})
