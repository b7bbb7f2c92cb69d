import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FlushReport } from '@flywheel/sdk'
import type { Server } from './server.js'

export interface TrafficOptions {
  server: Pick<Server, 'url' | 'apiKey'>
  modelUrl: string
  journal: string
  seed: string
  people?: number
  pauseMs?: number
  progress?: (line: string) => void
}

/** What the client in the traffic process said at its end. */
export interface TrafficResult {
  counts: Record<string, number>
  report: FlushReport
}

/** Runs the traffic as a process of its own and resolves when it ends. */
export async function runTraffic(options: TrafficOptions): Promise<TrafficResult> {
  const { server, modelUrl, journal, seed, people = 24, pauseMs = 15, progress = () => {} } = options
  const flags = ['--journal', journal, '--seed', seed, '--people', String(people), '--pause-ms', String(pauseMs)]
  const child = spawn(
    process.execPath,
    [
      '--conditions=@flywheel/source',
      '--import',
      'tsx',
      fileURLToPath(new URL('./traffic.ts', import.meta.url)),
      ...flags,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, FLYWHEEL_URL: server.url, FLYWHEEL_API_KEY: server.apiKey, OPENAI_BASE_URL: modelUrl },
    },
  )
  let last: Partial<TrafficResult> = {}
  for await (const line of createInterface({ input: child.stdout })) {
    last = JSON.parse(line) as Partial<TrafficResult>
    const { interaction = 0, feedback = 0, link = 0 } = last.counts ?? {}
    progress(`  ${interaction} interactions, ${feedback} feedback, ${link} links`)
  }
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once('exit', resolve)))
  if (code !== 0 || !last.counts || !last.report) throw new Error(`the traffic process ended with code ${code}`)
  return { counts: last.counts, report: last.report }
}
