import { createUuidv7 } from '@flywheel/schema/wire'
import { remember } from './remember.js'
import type { ContextStore, Runtime } from './runtime.js'

/** What every loaded copy of the SDK in this process has in common, so that an ESM and a CJS copy nest. */
export interface SharedState {
  readonly store: ContextStore
  /** Interaction id of a provider's promise, response or stream. */
  readonly ids: WeakMap<object, string>
  /** Interaction id by the provider's response id, oldest first: an answer that a helper put together is a new object. */
  readonly responses: Map<string, string>
  /** Clients by their options, newest last. */
  readonly clients: { options: object; client: unknown }[]
  readonly warned: Set<string>
  readonly newId: () => string
  /** What each client does when the host has nothing left to do. */
  readonly exits: Set<() => void>
}

const KEY = Symbol.for('flywheel.sdk.state.v1')

/** The process-wide state, made by the first copy that asks. */
export function sharedState(runtime: Runtime): SharedState {
  const holder = globalThis as { [KEY]?: SharedState }
  if (holder[KEY]) return holder[KEY]
  const exits = new Set<() => void>()
  runtime.onIdleExit(() => {
    for (const exit of exits) exit()
  })
  holder[KEY] = {
    exits,
    store: runtime.contextStore(),
    ids: new WeakMap(),
    responses: new Map(),
    clients: [],
    warned: new Set(),
    newId: createUuidv7(
      () => Date.now(),
      (length) => crypto.getRandomValues(new Uint8Array(length)),
    ),
  }
  return holder[KEY]
}

/** How many provider's response ids are remembered. */
const REMEMBERED = 1000

/** Keeps the newest of the provider's response ids, so that memory stays bounded. */
export function rememberResponse({ responses }: SharedState, responseId: string, id: string): void {
  remember(responses, responseId, id, REMEMBERED)
}
