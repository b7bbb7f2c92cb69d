import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { environmentWith } from '../config.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import type { Output } from '../output.js'
import { createEndpoint, type Endpoint, onlyModel } from '../resample/endpoint.js'
import { lockFolder } from '../resample/journal.js'
import { baseUrl, keyFor, numberOf, type Sampling, samplingHash } from '../resample/sampling.js'
import { openSource, type Source } from '../resample/source.js'
import { SETTINGS, standingSet, unansweredOf } from '../resample/standing-set.js'
import { takeSamples } from '../resample/take-samples.js'
import { type WriteOptions, writeSet } from '../resample/write-set.js'

/** Flags of the command, as they are given. */
export interface ResampleFlags {
  endpoint: string
  model?: string
  out?: string
  limit?: string
  concurrency: string
  temperature: string
  topP?: string
  maxTokens?: string
  timeout: string
  retries: string
  apiKeyEnv?: string
}

const PROGRESS_EVERY_MS = 5000
// Of a timer; a longer one would fire at once.
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** Refuses to go on with samples that were taken in another way. */
async function claim(folder: string, source: Source, sampling: Sampling): Promise<void> {
  const path = join(folder, SETTINGS)
  const text = `${JSON.stringify({ source: source.manifest.export_id, ...sampling })}\n`
  const before = await readFile(path, 'utf8').catch(() => null)
  if (before === null) return await writeFile(path, text, { mode: 0o600 })
  if (before === text) return
  const message = `${folder} holds samples of another export, model or setting; name another --out, or remove it`
  throw new CliError(EXIT.usage, message)
}

function progressSayer(output: Output, rows: number): (progress: { taken: number; failed: number }) => void {
  let last = Date.now()
  return ({ taken, failed }) => {
    if (Date.now() - last < PROGRESS_EVERY_MS) return
    last = Date.now()
    output.say(`${taken} of ${rows} sampled${failed === 0 ? '' : `, ${failed} without an answer`}`)
  }
}

/** Says at most every few seconds, and the first time at once, why an endpoint is asked again. */
function troubleSayer({ output }: CommandContext, host: string): (why: string) => void {
  let last = Number.NEGATIVE_INFINITY
  return (why) => {
    if (Date.now() - last < PROGRESS_EVERY_MS) return
    last = Date.now()
    output.say(`${host}: ${why}; it is asked again`)
  }
}

async function sampleAndWrite(
  { output, signal }: CommandContext,
  endpoint: Endpoint,
  concurrency: number,
  options: Omit<WriteOptions, 'progress'>,
): Promise<void> {
  const { source, sampling, folder, out, limit } = options
  const pairs = source.shards.reduce((sum, shard) => sum + shard.rows, 0)
  const rows = Math.min(limit, pairs)
  output.say(
    `Sampling ${sampling.model} at ${new URL(sampling.endpoint).host} for ${rows} pairs, ${concurrency} at a time`,
  )
  const onProgress = progressSayer(output, rows)
  const progress = await takeSamples({ source, endpoint, folder, limit, concurrency, signal, onProgress })
  const { export_id, parent, sampling: told } = await writeSet({ ...options, progress })
  const { asked, kept, dropped } = told
  const recipient = `"resampled set ${export_id.slice(0, 12)}"`
  const unanswered = unansweredOf(told)
  output.one(
    { export_id, parent, dir: out, asked, kept, dropped },
    [
      `${kept} of ${asked} pairs have a fresh rejected side`,
      ...Object.entries(dropped).map(([reason, count]) => `  left out: ${reason} ${count}`),
      ...(unanswered === 0
        ? []
        : [`The same command asks again for the ${unanswered} without an answer, and keeps the others: ${folder}`]),
      out,
      `Erasures name this copy once it is noted as a recipient: flywheel export recipients ${parent} --add ${recipient}`,
    ].join('\n'),
  )
}

/**
 * `flywheel export resample`: a set like an export whose rejected sides are fresh samples of the model in training. A
 * run that ends early, or leaves pairs without an answer, is gone on with by the same command.
 */
export async function exportResample(context: CommandContext, given: string, flags: ResampleFlags): Promise<number> {
  const startedAt = new Date().toISOString()
  const endpoint = baseUrl(flags.endpoint)
  const apiKey = keyFor(endpoint, flags.apiKeyEnv, environmentWith({}))
  const timeout_ms = Math.min(LONGEST_TIMEOUT_MS, Math.round(numberOf('timeout', flags.timeout, 0.1, false) * 1000))
  const limit = flags.limit === undefined ? Number.POSITIVE_INFINITY : numberOf('limit', flags.limit, 1, true)
  const concurrency = numberOf('concurrency', flags.concurrency, 1, true)
  const retries = numberOf('retries', flags.retries, 0, true)
  const settings = {
    temperature: numberOf('temperature', flags.temperature, 0, false),
    top_p: flags.topP === undefined ? null : numberOf('top-p', flags.topP, 0, false),
    max_tokens: flags.maxTokens === undefined ? null : numberOf('max-tokens', flags.maxTokens, 1, true),
  }
  const source = await openSource(given, context.flags.dataDir)
  if (flags.model === undefined) context.output.say(`Asking ${new URL(endpoint).host} which model it serves …`)
  const model = flags.model ?? (await onlyModel(endpoint, { apiKey, timeout_ms, signal: context.signal }))
  const sampling: Sampling = { endpoint, model, ...settings }
  const id = source.manifest.export_id
  const out = resolve(flags.out ?? `${id.slice(0, 12)}-resampled-${samplingHash(id, sampling)}`)
  const folder = join(dirname(out), `.${basename(out)}.sampling`)
  await standingSet(out, folder, id)
  await mkdir(dirname(out), { recursive: true })
  const unlock = await lockFolder(folder)
  try {
    // Once more: another process may have written it whole before it gave the folder up. And never for fewer pairs than the
    // set that stands there.
    const most = Math.max(limit, await standingSet(out, folder, id))
    await claim(folder, source, sampling)
    try {
      const onTrouble = troubleSayer(context, new URL(endpoint).host)
      const asking = createEndpoint({ sampling, apiKey, timeout_ms, retries, onTrouble })
      await sampleAndWrite(context, asking, concurrency, { source, sampling, folder, out, limit: most, startedAt })
      return EXIT.ok
    } catch (error) {
      const kept = `What was sampled is kept in ${folder}: the same command goes on with it; remove it where you do not`
      context.output.say(context.signal.aborted ? `Interrupted. ${kept}` : kept)
      throw error
    }
  } finally {
    await unlock()
  }
}
