import { Call } from './call.js'
import type { Capture } from './capture.js'
import { hide } from './hide.js'
import { LazyMapping } from './lazy-mapping.js'
import { observePromise } from './promise.js'
import type { Provider } from './provider.js'
import { PROVIDERS } from './providers.js'
import { snapshot } from './snapshot.js'

/** On a patched function: what it replaced. A registered symbol, so that two copies of the SDK do not wrap twice. */
const ORIGINAL = Symbol.for('flywheel.original')

/** On a patched function: who records its calls. Once that is shut down the next one may take its place. */
const RECORDER = Symbol.for('flywheel.recorder')

type Method = ((...args: unknown[]) => unknown) & { [ORIGINAL]?: Method; [RECORDER]?: { readonly isOver: boolean } }

/** Returns true where another one that is not shut down has the method already. */
function patch(owner: object, name: string, capture: Capture, make: (original: Method) => Method): boolean {
  const found = (owner as Record<string, Method | undefined>)[name]
  const recorder = found?.[RECORDER]
  const original = recorder?.isOver ? found?.[ORIGINAL] : found
  if (typeof original !== 'function') return false
  if (original[ORIGINAL]) return recorder !== capture
  const patched = make(original)
  Object.defineProperty(patched, 'name', { value: original.name, configurable: true })
  Object.defineProperty(patched, 'length', { value: original.length, configurable: true })
  Object.defineProperty(patched, ORIGINAL, { value: original })
  Object.defineProperty(patched, RECORDER, { value: capture })
  hide(owner, name, patched)
  return false
}

function unpatch(owner: object, name: string): void {
  const own = Object.getOwnPropertyDescriptor(owner, name)?.value as Method | undefined
  if (!own?.[ORIGINAL]) return
  // What the object had from its class shows again; what stood on the object itself goes back to its place there.
  if (Object.getPrototypeOf(owner)?.[name] === own[ORIGINAL]) delete (owner as Record<string, unknown>)[name]
  else hide(owner, name, own[ORIGINAL])
}

/** One observed method of a client: what owns it, and how its calls are read. */
interface Endpoint {
  readonly owner: object
  readonly method: string
  readonly mapping: string
}

function endpoints(client: object, { methods }: Provider): Endpoint[] {
  const found: Endpoint[] = []
  for (const [path, mapping] of Object.entries(methods)) {
    const names = path.split('.')
    const method = names.pop() as string
    let owner: unknown = client
    for (const name of names) owner = (owner as Record<string, unknown> | null | undefined)?.[name]
    const isThere = typeof (owner as Record<string, unknown> | null | undefined)?.[method] === 'function'
    if (isThere) found.push({ owner: owner as object, method, mapping })
    // The first one is what the library is known by.
    else if (found.length === 0) return found
  }
  return found
}

/** The mapping of one kind of call, loaded once a client of Flywheel and shared by every provider's client it wraps. */
function lazyMapping(provider: Provider, name: string, capture: Capture): LazyMapping {
  const key = `${PROVIDERS.indexOf(provider)} ${name}`
  let mapping = capture.mappings.get(key)
  if (!mapping) {
    mapping = new LazyMapping(
      capture.loaded?.[name] ?? provider.load().then(({ mappings }) => mappings[name]),
      (error) => capture.report('capture_failed', 'a provider’s file failed; calls of it may have no content', error),
    )
    capture.mappings.set(key, mapping)
  }
  return mapping
}

/** The observed method: whatever happens to the observation, the original is called once and its result returned. */
function observed(original: Method, provider: string, mapping: LazyMapping, capture: Capture): Method {
  return function (this: unknown, ...args) {
    let call: Call | undefined
    try {
      call = new Call(capture, mapping)
      // A request is snapshotted now: chat loops push the answer on to the same array. What stands after it (a signal, an
      // agent with circles) is the transport's.
      const request = snapshot(args[0])
      call.requestLater((hold) => mapping.request([request()], hold, provider))
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
      if (call) observePromise(result as PromiseLike<unknown>, call, mapping)
    } catch (error) {
      capture.report('capture_failed', 'an answer is not recorded', error)
      call?.end('partial')
    }
    return result
  }
}

/** Patches the client's own resources in place and returns the same client. What no provider knows stays as it is. */
export function wrapClient<T extends object>(client: T, capture: Capture): T {
  try {
    let [isKnown, isTaken] = [false, false]
    for (const provider of PROVIDERS) {
      for (const { owner, method, mapping } of endpoints(client, provider)) {
        isKnown = true
        const lazy = lazyMapping(provider, mapping, capture)
        const make = (original: Method) => observed(original, provider.name(client), lazy, capture)
        isTaken = patch(owner, method, capture, make) || isTaken
      }
    }
    if (!isKnown) capture.report('unknown_client', 'wrap was given a client it does not know; nothing is recorded')
    if (isTaken) {
      capture.report(
        'already_wrapped',
        'another Flywheel records this client; unwrap it there first, or wrap a client of its own',
      )
    }
    patch(client, 'withOptions', capture, (original) => (...args) => {
      const other = original.apply(client, args)
      return typeof other === 'object' && other !== null ? wrapClient(other, capture) : other
    })
  } catch (error) {
    capture.report('capture_failed', 'the client could not be wrapped', error)
  }
  return client
}

/** Takes the patches off again; the same instance back. */
export function unwrapClient<T extends object>(client: T): T {
  try {
    for (const provider of PROVIDERS) {
      for (const { owner, method } of endpoints(client, provider)) unpatch(owner, method)
    }
    unpatch(client, 'withOptions')
  } catch {
    // A client that cannot be changed was never wrapped.
  }
  return client
}
