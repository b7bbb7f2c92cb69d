import { readFileSync } from 'node:fs'
import { pushToHub } from '@flywheel/hub'
import { FlywheelError } from '@flywheel/schema'
import { z } from 'zod'
import type { DestinationDelivery } from './s3-destination.js'
import { hasNoPassword } from './webhook.js'

/** A dataset repository of the Hugging Face Hub that holds the latest export of a plan. */
export interface HubDestination {
  kind: 'hub'
  name: string
  /** `organisation/name`. */
  dataset: string
  token: string
  /** Allows a repository that everybody can read. */
  public: boolean
  /** Of a Hub other than huggingface.co. */
  endpoint?: string | undefined
  /** How long one push may take as a whole. */
  deadline_ms: number
}

/** A repository as a person writes it: the token's variable or file, and never the token. */
export interface WrittenHub extends Omit<HubDestination, 'name' | 'token'> {
  token_env: string
  token_file?: string | undefined
}

export const hubSchema: z.ZodType<WrittenHub> & z.core.$ZodTypeDiscriminable = z.strictObject({
  kind: z.literal('hub'),
  dataset: z.string().regex(/^\w[\w.-]*\/\w[\w.-]*$/, 'write it as ORGANISATION/NAME'),
  public: z.boolean().default(false),
  token_env: z.string().default('HF_TOKEN'),
  token_file: z.string().optional(),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .refine(hasNoPassword, 'leave user name and password out; the token is that of token_env or token_file')
    .optional(),
  deadline_ms: z.int().min(1000).max(86_400_000).default(3_600_000),
})

/** @throws FlywheelError `invalid_config` where there is no token, or one that is none */
export function hubDestination(
  name: string,
  { token_env, token_file, ...written }: WrittenHub,
  env: Readonly<Record<string, string | undefined>>,
): HubDestination {
  const where = token_file ?? token_env
  const token = (token_file === undefined ? env[token_env] : readToken(token_file))?.trim()
  if (token?.startsWith('hf_') === true) return { name, ...written, token }
  const why =
    token === undefined || token === '' ? 'is no token' : 'is something else than a token, which begins with hf_'
  throw new FlywheelError(
    'invalid_config',
    `destination ${name}: in ${where} ${why}; set it to one of the Hub with the right to write to ${written.dataset}`,
  )
}

function readToken(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** The repository as the recipients of an export name it. */
export const hubAddress = ({ dataset }: Pick<HubDestination, 'dataset'>): string => `hf://datasets/${dataset}`

/** Makes the repository hold a published export. @param stop ends the push, for a process that stops */
export async function copyToHub(
  { name, dataset, token, public: isPublic, endpoint, deadline_ms }: HubDestination,
  folder: string,
  stop?: AbortSignal,
): Promise<DestinationDelivery> {
  const late = AbortSignal.timeout(deadline_ms)
  const signal = stop === undefined ? late : AbortSignal.any([stop, late])
  const none = { kind: 'hub' as const, name, written: 0, present: 0, bytes: 0 }
  try {
    const { written, present, bytes, commit } = await pushToHub({ folder, dataset, token, isPublic, endpoint, signal })
    return { ...none, status: 'delivered', written, present, bytes, commit, error: null }
  } catch (error) {
    const why = late.aborted ? `not done within its deadline_ms of ${deadline_ms}` : (error as Error).message
    return { ...none, status: 'failed', error: stop?.aborted ? 'the exporter stopped' : why.slice(0, 500) }
  }
}

/**
 * What a person has to do in a repository that holds a replaced export: git keeps every commit, and which export stands
 * there now only its owner can say.
 * @param current the export that stands in its place here
 */
export function byHandAtHub(address: string, current: string | null): string {
  const dataset = address.replace('hf://datasets/', '')
  const push =
    current === null
      ? ''
      : `push flywheel export push ${current} --hub ${dataset} where no later one stands there, then `
  return `${address} holds it, in its history at least: ${push}squash the history (huggingface_hub: HfApi().super_squash_history("${dataset}", repo_type="dataset")) or delete the repository`
}
