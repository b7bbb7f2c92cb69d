import { Call } from './call.js'
import type { Capture } from './capture.js'
import { hide } from './hide.js'
import { observePromise } from './promise.js'
import type { Endpoint, Provider } from './provider.js'

/** On a patched function: what it replaced. A registered symbol, so that two copies of the SDK do not wrap twice. */
const ORIGINAL = Symbol.for('flywheel.original')

type Method = ((...args: unknown[]) => unknown) & { [ORIGINAL]?: Method }

function patch(owner: object, name: string, make: (original: Method) => Method): void {
  const original = (owner as Record<string, Method | undefined>)[name]
  if (typeof original !== 'function' || original[ORIGINAL]) return
  const patched = make(original)
  Object.defineProperty(patched, 'name', { value: original.name, configurable: true })
  Object.defineProperty(patched, 'length', { value: original.length, configurable: true })
  Object.defineProperty(patched, ORIGINAL, { value: original })
  hide(owner, name, patched)
}

function unpatch(owner: object, name: string): void {
  const own = Object.getOwnPropertyDescriptor(owner, name)?.value as Method | undefined
  if (own?.[ORIGINAL]) delete (owner as Record<string, unknown>)[name]
}

/** The observed method: whatever happens to the observation, the original is called once and its result returned. */
function observed(original: Method, endpoint: Endpoint, capture: Capture): Method {
  return function (this: unknown, ...args) {
    let call: Call | undefined
    try {
      call = new Call(capture)
      call.request((hold) => endpoint.request(args, hold))
    } catch (error) {
      capture.report('capture_failed', 'a call is not recorded', error)
    }
    let result: unknown
    try {
      result = original.apply(this, args)
    } catch (error) {
      call?.end('error', undefined, error)
      throw error
    }
    try {
      if (call) observePromise(result as PromiseLike<unknown>, call, endpoint)
    } catch (error) {
      capture.report('capture_failed', 'an answer is not recorded', error)
    }
    return result
  }
}

/** Patches the client's own resources in place and returns the same client. What no provider knows stays as it is. */
export function wrapClient<T extends object>(client: T, providers: readonly Provider[], capture: Capture): T {
  try {
    const endpoints = providers.flatMap((provider) => provider.endpoints(client) ?? [])
    if (endpoints.length === 0)
      capture.report('unknown_client', 'wrap was given a client it does not know; nothing is recorded')
    for (const endpoint of endpoints) {
      patch(endpoint.owner, endpoint.method, (original) => observed(original, endpoint, capture))
    }
    patch(client, 'withOptions', (original) => (...args) => {
      const other = original.apply(client, args)
      return typeof other === 'object' && other !== null ? wrapClient(other, providers, capture) : other
    })
  } catch (error) {
    capture.report('capture_failed', 'the client could not be wrapped', error)
  }
  return client
}

/** Takes the patches off again; the same instance back. */
export function unwrapClient<T extends object>(client: T, providers: readonly Provider[]): T {
  try {
    for (const provider of providers) {
      for (const endpoint of provider.endpoints(client) ?? []) unpatch(endpoint.owner, endpoint.method)
    }
    unpatch(client, 'withOptions')
  } catch {
    // A client that cannot be changed was never wrapped.
  }
  return client
}
