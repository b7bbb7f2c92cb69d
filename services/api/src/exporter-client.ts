import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import type { MasterSecret } from '@flywheel/keys'
import { ERRORS, type ErrorCode, FlywheelError, isFlywheelError } from '@flywheel/schema'
import type { ApiDeps, ExportPort } from './ports.js'

/** Exports of another process: what `ExportPort` asks for, over the exporter's internal HTTP. */
export interface ExporterClient extends ExportPort {
  withdraw: NonNullable<ExportPort['withdraw']>
  manifest: NonNullable<ExportPort['manifest']>
  folders: NonNullable<ExportPort['folders']>
  errors: NonNullable<ApiDeps['errors']>
}

/** Nobody waits longer for where folders are. */
const FOLDERS_TIMEOUT_MS = 5000

/** How long is waited for what an erasure cannot go on without. */
export interface ExporterClientOptions {
  /** A withdrawal waits for runs under way; the exporter carries one on that is no longer waited for. @default 600_000 */
  withdraw_timeout_ms?: number
}

/**
 * Asks the exporter service at `url`. An export takes as long as it takes: no run is given up on here, and a caller who
 * goes away leaves the export to its end.
 * @param url undefined where no exporter is deployed: then every run is refused with what to set
 */
export function createExporterClient(
  url: string | undefined,
  master: MasterSecret,
  { withdraw_timeout_ms = 600_000 }: ExporterClientOptions = {},
): ExporterClient {
  const authorization = `Bearer ${master.internalToken.toString('base64url')}`

  async function ask<Answer>(
    method: 'GET' | 'POST',
    path: string,
    { body, timeout_ms }: { body?: object; timeout_ms?: number } = {},
  ): Promise<Answer> {
    if (url === undefined)
      throw new FlywheelError(
        'exporter_unavailable',
        'This server has no exporter to ask; set FLYWHEEL_EXPORTER_URL, or let the exporter run by its schedule',
      )
    const target = new URL(path, url)
    const signal = timeout_ms === undefined ? undefined : AbortSignal.timeout(timeout_ms)
    const answer = await send(target, { method, authorization, body, signal }).catch((cause: unknown) => {
      if (signal?.aborted)
        throw new FlywheelError(
          'exporter_unavailable',
          `The exporter at ${target.host} has not answered within ${timeout_ms} ms, and may be waiting for a run to end; try again later`,
          { cause },
        )
      const { code = 'failed' } = cause as NodeJS.ErrnoException
      throw new FlywheelError(
        'exporter_unavailable',
        `The exporter at ${target.host} does not answer (${code}); try again, or look at its log`,
        { cause },
      )
    })
    return understand<Answer>(answer, target.host)
  }

  return {
    run: (request) => ask('POST', '/internal/exports', { body: request }),
    count: (request) => ask('POST', '/internal/exports/count', { body: request }),
    async withdraw(project_id) {
      type Answer = { exports: Awaited<ReturnType<NonNullable<ExportPort['withdraw']>>> }
      const path = `/internal/withdrawals/${encodeURIComponent(project_id)}`
      return (await ask<Answer>('POST', path, { timeout_ms: withdraw_timeout_ms })).exports
    },
    async manifest(project_id, export_id) {
      const path = `/internal/exports/${encodeURIComponent(project_id)}/${encodeURIComponent(export_id)}/manifest`
      return (await ask<{ manifest: unknown }>('GET', path)).manifest
    },
    async folders(project_id, export_id) {
      type Answer = { folders: Awaited<ReturnType<NonNullable<ExportPort['folders']>>> }
      const which = export_id === undefined ? '' : `?id=${encodeURIComponent(export_id)}`
      const path = `/internal/exports/${encodeURIComponent(project_id)}/folders${which}`
      try {
        return (await ask<Answer>('GET', path, { timeout_ms: FOLDERS_TIMEOUT_MS })).folders
      } catch (error) {
        // A list of exports is worth having without it.
        if (isFlywheelError(error) && error.code === 'exporter_unavailable') return []
        throw error
      }
    },
    async errors() {
      if (url === undefined) return []
      try {
        return (await ask<{ errors: Awaited<ReturnType<ExporterClient['errors']>> }>('GET', '/internal/errors')).errors
      } catch (error) {
        const { code, message } = error as FlywheelError
        return [{ part: 'exporter', at: new Date().toISOString(), code, message }]
      }
    },
  }
}

interface Asked {
  method: string
  authorization: string
  body: object | undefined
  /** Ends the wait for the answer and for its body. */
  signal: AbortSignal | undefined
}

/** Not `fetch`, which gives up after five minutes without an answer. */
async function send(
  target: URL,
  { method, authorization, body, signal }: Asked,
): Promise<{ status: number; body: string }> {
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization, 'content-type': 'application/json' }
    const request = send(target, { method, headers, ...(signal && { signal }) }, resolve)
    request.on('error', reject)
    // A way through a firewall that forgets idle connections stays open while the export runs.
    request.on('socket', (socket) => socket.setKeepAlive(true, 30_000))
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
  return { status: response.statusCode ?? 0, body: await text(response) }
}

function understand<Answer>({ status, body }: { status: number; body: string }, host: string): Answer {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    parsed = null
  }
  if (status === 200 && parsed !== null) return parsed as Answer
  const { code, detail } = (parsed ?? {}) as { code?: ErrorCode; detail?: string }
  if (status === 401)
    throw new FlywheelError(
      'invalid_config',
      `The exporter at ${host} has another FLYWHEEL_SECRET; give every service the same`,
    )
  if (code !== undefined && code in ERRORS) throw new FlywheelError(code, detail ?? code)
  throw new FlywheelError(
    'exporter_unavailable',
    `What answers at ${host} (${status}) is no exporter; check FLYWHEEL_EXPORTER_URL`,
  )
}
