import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { exportResample, type ResampleFlags } from '../../src/commands/export-resample.js'
import type { CommandContext } from '../../src/context.js'
import { type Asked, type EndpointServer, type Reply, startEndpoint } from './endpoint-server.js'

export const BIN: string = fileURLToPath(new URL('../../bin/flywheel.js', import.meta.url))
export const SHARD = 'train-00000-of-00001.jsonl'

/** What the command reports of the set that it wrote. */
export interface Report {
  dir: string
  asked: number
  kept: number
  dropped: Record<string, number>
  export_id: string
}

export const numberIn = ({ messages }: Asked): number => Number(/parcel (\d+)\?/.exec(JSON.stringify(messages))?.[1])
export const fresh = (asked: Asked): Reply => ({ text: `Parcel ${numberIn(asked)}: the tuned model does not know.` })

export async function linesOf<Line>(...path: string[]): Promise<Line[]> {
  const text = await readFile(join(...path), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

/** A folder of exports and the endpoint that is asked about them, of one test file. */
export interface Resampling {
  readonly folder: string
  /** What was said to whoever waits, over all calls. */
  readonly said: string[]
  /** One at a time: `ended` closes it after each test. */
  serve(...how: Parameters<typeof startEndpoint>): Promise<EndpointServer>
  contextOf(take?: (value: unknown) => void): CommandContext
  flagsFor(more?: Partial<ResampleFlags>): ResampleFlags
  /** Runs the command, which must end well. */
  resample(source: string, more?: Partial<ResampleFlags>): Promise<Report>
  ended(): Promise<void>
  remove(): Promise<void>
}

export async function createResampling(): Promise<Resampling> {
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-resample-'))
  const said: string[] = []
  let server: EndpointServer | undefined
  let made = 0
  const contextOf = (take: (value: unknown) => void = () => {}): CommandContext => {
    const output = {
      format: 'jsonl' as const,
      isQuiet: true,
      rows: () => undefined,
      raw: () => undefined,
      say: (text: string) => void said.push(text),
      one: take,
    }
    return { flags: {}, output, signal: new AbortController().signal }
  }
  const flagsFor = (more: Partial<ResampleFlags> = {}): ResampleFlags => ({
    endpoint: server?.url ?? '',
    concurrency: '4',
    temperature: '0.7',
    timeout: '5',
    retries: '1',
    out: join(folder, `out-${++made}`),
    ...more,
  })
  return {
    folder,
    said,
    async serve(...how) {
      server = await startEndpoint(...how)
      return server
    },
    contextOf,
    flagsFor,
    async resample(source, more) {
      let report: unknown
      const context = contextOf((value) => {
        report = value
      })
      expect(await exportResample(context, source, flagsFor(more))).toBe(0)
      return report as Report
    },
    async ended() {
      await server?.close()
      server = undefined
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
