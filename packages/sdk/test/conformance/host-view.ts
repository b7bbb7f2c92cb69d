import type { Adapter, Request } from './adapter.js'

/** All that a host can tell of one call. Two of them are compared with `toEqual`. */
export interface HostView {
  promiseClass?: unknown
  promiseKeys?: string[]
  valueClass?: unknown
  valueKeys?: string[]
  value?: unknown
  chunks?: unknown[]
  chunkClasses?: unknown[]
  error?: Record<string, unknown>
}

const classOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : typeof value
const keysOf = (value: unknown): string[] => (typeof value === 'object' && value !== null ? Object.keys(value) : [])

function errorView(error: unknown): Record<string, unknown> {
  const { name, message, status, code } = error as Record<string, unknown>
  return { class: classOf(error), name, message, status, code, keys: keysOf(error) }
}

/** Makes a whole call and looks at everything. */
export async function lookAtCall<Client extends object>(
  adapter: Adapter<Client>,
  client: Client,
  request: Request,
  signal?: AbortSignal,
): Promise<HostView> {
  const view: HostView = {}
  try {
    const promise = adapter.call(client, request, signal)
    Object.assign(view, { promiseClass: classOf(promise), promiseKeys: keysOf(promise) })
    const value = await promise
    Object.assign(view, { value, valueClass: classOf(value), valueKeys: keysOf(value) })
    if ((await promise) !== value) throw new Error('a second await gave another value')
  } catch (error) {
    view.error = errorView(error)
  }
  return view
}

/** Makes a streamed call, reads it until `leave` says so, and looks at everything. */
export async function lookAtStream<Client extends object>(
  adapter: Adapter<Client>,
  client: Client,
  request: Request,
  leave: (chunks: unknown[]) => boolean = () => false,
  signal?: AbortSignal,
): Promise<HostView> {
  const view: HostView = {}
  const chunks: unknown[] = []
  try {
    const promise = adapter.stream?.(client, request, signal)
    if (!promise) throw new Error('the adapter has no stream')
    Object.assign(view, { promiseClass: classOf(promise), promiseKeys: keysOf(promise) })
    const stream = await promise
    Object.assign(view, { valueClass: classOf(stream), valueKeys: keysOf(stream) })
    for await (const chunk of stream) {
      chunks.push(chunk)
      if (leave(chunks)) break
    }
  } catch (error) {
    view.error = errorView(error)
  }
  return { ...view, chunks, chunkClasses: chunks.map(classOf) }
}
