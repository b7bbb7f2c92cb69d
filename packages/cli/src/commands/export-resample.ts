import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { environmentWith } from '../config.js'
import type { CommandContext } from '../context.js'
import { CliError, EXIT } from '../exit.js'
import { createEndpoint, onlyModel } from '../resample/endpoint.js'
import { lockFolder } from '../resample/journal.js'
import { baseUrl, keyFor, numberOf, type Sampling, samplingHash } from '../resample/sampling.js'
import { openSource, type Source } from '../resample/source.js'
import { takeSamples } from '../resample/take-samples.js'
import { writeSet } from '../resample/write-set.js'

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

/** Refuses to go on with samples that were taken in another way. */
async function claim(folder: string, source: Source, sampling: Sampling): Promise<void> {
  const path = join(folder, 'sampling.json')
  const text = `${JSON.stringify({ source: source.manifest.export_id, ...sampling })}\n`
  const before = await readFile(path, 'utf8').catch(() => null)
  if (before === null) return await writeFile(path, text, { mode: 0o600 })
  if (before === text) return
  const message = `${folder} holds samples of another export, model or setting; name another --out, or remove it`
  throw new CliError(EXIT.usage, message)
}

function progressSayer(context: CommandContext, rows: number): (progress: { taken: number; failed: number }) => void {
  let last = Date.now()
  return ({ taken, failed }) => {
    if (Date.now() - last < PROGRESS_EVERY_MS) return
    last = Date.now()
    context.output.say(`${taken} of ${rows} sampled${failed === 0 ? '' : `, ${failed} without an answer`}`)
  }
}

/**
 * `flywheel export resample`: a set like an export whose rejected sides are fresh samples of the model in training. A
 * run that ends early is gone on with by the same command.
 */
export async function exportResample(context: CommandContext, given: string, flags: ResampleFlags): Promise<number> {
  const startedAt = new Date().toISOString()
  const endpoint = baseUrl(flags.endpoint)
  const apiKey = keyFor(endpoint, flags.apiKeyEnv, environmentWith({}))
  const timeout_ms = numberOf('timeout', flags.timeout, 0.1, false) * 1000
  const limit = flags.limit === undefined ? Number.POSITIVE_INFINITY : numberOf('limit', flags.limit, 1, true)
  const concurrency = numberOf('concurrency', flags.concurrency, 1, true)
  const retries = numberOf('retries', flags.retries, 0, true)
  const settings = {
    temperature: numberOf('temperature', flags.temperature, 0, false),
    top_p: flags.topP === undefined ? null : numberOf('top-p', flags.topP, 0, false),
    max_tokens: flags.maxTokens === undefined ? null : numberOf('max-tokens', flags.maxTokens, 1, true),
  }
  const source = await openSource(given, context.flags.dataDir)
  const model = flags.model ?? (await onlyModel(endpoint, apiKey, timeout_ms))
  const sampling: Sampling = { endpoint, model, ...settings }
  const id = source.manifest.export_id
  const out = resolve(flags.out ?? `${id.slice(0, 12)}-resampled-${samplingHash(id, sampling)}`)
  if ((await stat(out).catch(() => null)) !== null) {
    throw new CliError(EXIT.usage, `${out} is there already; name another --out, or remove it`)
  }
  const folder = join(dirname(out), `.${basename(out)}.sampling`)
  await mkdir(dirname(out), { recursive: true })
  const unlock = await lockFolder(folder)
  try {
    await claim(folder, source, sampling)
    const rows = Math.min(
      limit,
      source.shards.reduce((sum, shard) => sum + shard.rows, 0),
    )
    context.output.say(`Sampling ${model} at ${new URL(endpoint).host} for ${rows} pairs, ${concurrency} at a time`)
    const onProgress = progressSayer(context, rows)
    const asking = createEndpoint({ sampling, apiKey, timeout_ms, retries })
    const { signal } = context
    await takeSamples({ source, endpoint: asking, folder, limit, concurrency, signal, onProgress })
    const manifest = await writeSet({ source, sampling, folder, out, limit, startedAt })
    const { asked, kept, dropped } = manifest.sampling
    const reasons = Object.entries(dropped).map(([reason, count]) => `  left out: ${reason} ${count}`)
    context.output.one(
      { export_id: manifest.export_id, parent: id, dir: out, asked, kept, dropped },
      [
        `${kept} of ${asked} pairs have a fresh rejected side`,
        ...reasons,
        out,
        `Erasures name this copy once it is noted as a recipient: flywheel export recipients ${id} --add "resampled set ${manifest.export_id.slice(0, 12)}"`,
      ].join('\n'),
    )
    return EXIT.ok
  } catch (error) {
    if (context.signal.aborted) context.output.say(`Interrupted. What was sampled is kept; the same command goes on`)
    throw error
  } finally {
    await unlock()
  }
}
