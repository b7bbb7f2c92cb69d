import type { InteractionEvent } from '@flywheel/schema/wire'
import { expect, vi } from 'vitest'
import { createFlywheel, type Flywheel, type FlywheelOptions } from '../../src/index.js'
import type { Mapping, Provider } from '../../src/provider.js'
import { PROVIDERS } from '../../src/providers.js'
import { type MemoryTransport, memoryTransport } from '../../src/test-kit/index.js'
import type { ProviderStub, Reply } from '../support/provider-stub.js'
import { readSent } from '../support/setup.js'
import type { Adapter, Request } from './adapter.js'
import { type HostView, lookAtCall, lookAtStream } from './host-view.js'

type Method = (...args: never[]) => unknown

/** The object that owns the method at a path, and the method's name. */
function ownerOf(client: object, path: string): { owner: Record<string, Method>; method: string } {
  const names = path.split('.')
  const method = names.pop() as string
  let owner: unknown = client
  for (const name of names) owner = (owner as Record<string, unknown>)[name]
  return { owner: owner as Record<string, Method>, method }
}

/** Where a method stands. */
export interface Place {
  method: unknown
  own: PropertyDescriptor | undefined
  keys: string[]
}

/** Each observed method of a client: the function, its own property if there is one, and its owner's keys. */
export function placesOf<Client extends object>(
  { endpoint, streamEndpoint }: Adapter<Client>,
  client: Client,
): Place[] {
  return [...new Set([endpoint, streamEndpoint ?? endpoint])].map((path) => {
    const { owner, method } = ownerOf(client, path)
    return { method: owner[method], own: Object.getOwnPropertyDescriptor(owner, method), keys: Object.keys(owner) }
  })
}

/** The functions that stand where an adapter's methods are. */
export const methodsOf = <Client extends object>(adapter: Adapter<Client>, client: Client): unknown[] =>
  placesOf(adapter, client).map(({ method }) => method)

/** The row of `PROVIDERS` that an adapter's endpoint belongs to. */
export function rowOf(adapter: Adapter, client: object): Provider {
  const found = PROVIDERS.find(({ methods }) => {
    const first = Object.keys(methods)[0] as string
    const isOfLibrary = first.split('.').reduce((at: unknown, name) => (at as Record<string, unknown>)?.[name], client)
    return adapter.endpoint in methods && typeof isOfLibrary === 'function'
  })
  if (!found) throw new Error(`no provider has the method ${adapter.endpoint}; add it to src/providers.ts`)
  return found
}

/** The mapping that reads an endpoint; the very object that the SDK uses. */
export async function mappingOf(adapter: Adapter, client: object, endpoint: string): Promise<Mapping> {
  const row = rowOf(adapter, client)
  const { mappings } = await row.load()
  const mapping = mappings[row.methods[endpoint] ?? '']
  if (!mapping) throw new Error(`no mapping for ${endpoint}`)
  return mapping
}

/** One wrapped client, one bare client and everything that is recorded. */
export interface Bench<Client extends object> {
  readonly stub: ProviderStub
  readonly bare: Client
  readonly wrapped: Client
  readonly flywheel: Flywheel
  readonly transport: MemoryTransport
  readonly diagnostics: string[]
  /** Plays the same replies to both clients, expects both hosts to see the same, and returns what they saw. */
  compareCalls(replies: Reply[], request: () => Request, signal?: () => AbortSignal): Promise<HostView>
  compareStreams(
    replies: Reply[],
    request: () => Request,
    leave?: () => (chunks: unknown[]) => boolean,
    signal?: () => AbortSignal,
  ): Promise<HostView>
  /** The only interaction, checked against the contract. */
  one(): Promise<InteractionEvent>
}

export interface BenchOptions extends FlywheelOptions {
  maxRetries?: number
  /** Waits until the provider's mappings are there. @default true */
  isLoaded?: boolean
  url?: string
}

/** Sets one case up. */
export async function bench<Client extends object>(
  adapter: Adapter<Client>,
  stub: ProviderStub,
  { maxRetries = 0, isLoaded = true, url = stub.url, ...options }: BenchOptions = {},
): Promise<Bench<Client>> {
  const transport = memoryTransport()
  const diagnostics: string[] = []
  const flywheel = createFlywheel({ transport, onDiagnostic: ({ code }) => void diagnostics.push(code), ...options })
  const bare = adapter.client(url, { maxRetries })
  const wrapped = flywheel.wrap(adapter.client(url, { maxRetries }))
  if (isLoaded) await flywheel.flush()

  async function both(replies: Reply[], look: (client: Client) => Promise<HostView>): Promise<HostView> {
    stub.queue.push(...replies)
    const expected = await look(bare)
    // What one host left over would be the other one's answer.
    expect(stub.queue.splice(0)).toHaveLength(0)
    stub.queue.push(...replies)
    const seen = await look(wrapped)
    expect(stub.queue.splice(0)).toHaveLength(0)
    expect(seen).toEqual(expected)
    return seen
  }
  return {
    stub,
    bare,
    wrapped,
    flywheel,
    transport,
    diagnostics,
    compareCalls: (replies, request, signal) =>
      both(replies, (client) => lookAtCall(adapter, client, request(), signal?.())),
    compareStreams: (replies, request, leave, signal) =>
      both(replies, (client) => lookAtStream(adapter, client, request(), leave?.(), signal?.())),
    async one() {
      const interactions = (await readSent(flywheel, transport)).filter((event) => event.type === 'interaction')
      expect(interactions).toHaveLength(1)
      return interactions[0] as InteractionEvent
    },
  }
}

/** Runs `fn` while the mapping of `endpoint` throws at whatever it is given of an answer. */
export async function whileAnswersThrow<Client extends object>(
  adapter: Adapter<Client>,
  client: Client,
  endpoint: string,
  fn: () => Promise<void>,
): Promise<void> {
  const mapping = await mappingOf(adapter as unknown as Adapter, client, endpoint)
  const fails = (): never => {
    throw new Error('planted: this answer cannot be read')
  }
  const spies = [
    vi.spyOn(mapping, 'response').mockImplementation(fails),
    vi.spyOn(mapping, 'accumulator').mockImplementation(() => ({ add: fails, isComplete: fails, fields: fails })),
  ]
  try {
    await fn()
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
