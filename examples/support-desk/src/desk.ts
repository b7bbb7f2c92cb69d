import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createFlywheel } from '@flywheel/sdk'
import { serve } from '@hono/node-server'
import OpenAI from 'openai'
import { createApp } from './app.js'
import { bundle } from './bundle.js'
import { createCaptured } from './captured.js'
import { startFlywheel } from './flywheel-server.js'
import { startModelStub } from './model-stub.js'

/** A running support desk. */
export interface Desk {
  readonly url: string
  readonly flywheelUrl: string
  readonly apiKey: string
  /** Mails that were sent, in order. */
  readonly sent: { to: string; text: string }[]
  stop(): Promise<void>
}

/** Starts Flywheel, the model and the app. `port` 0 takes any free one. */
export async function startDesk({ dataDir, port }: { dataDir: string; port: number }): Promise<Desk> {
  const server = await startFlywheel(dataDir)
  const stub = process.env['OPENAI_API_KEY'] ? undefined : await startModelStub()
  const flywheel = createFlywheel({
    url: server.url,
    apiKey: server.apiKey,
    consent: { train: 'granted' },
    consentBasis: 'terms-2026-01',
    environment: 'example',
    flushIntervalMs: 100,
  })
  const openai = flywheel.wrap(new OpenAI(stub ? { apiKey: 'none', baseURL: stub.url } : {}))
  const sent: Desk['sent'] = []
  const app = createApp({
    flywheel,
    openai,
    model: 'gpt-5-mini',
    script: await bundle(),
    captured: createCaptured(server.url, server.apiKey),
    send: async (to, text) => {
      sent.push({ to, text })
      return randomUUID()
    },
  })
  const http = serve({ fetch: app.fetch, hostname: '127.0.0.1', port })
  await new Promise<void>((resolve) => http.once('listening', () => resolve()))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    flywheelUrl: server.url,
    apiKey: server.apiKey,
    sent,
    async stop() {
      await new Promise<void>((resolve) => {
        http.close(() => resolve())
        if ('closeAllConnections' in http) http.closeAllConnections()
      })
      await flywheel.shutdown()
      stub?.close()
      await server.stop()
    },
  }
}
