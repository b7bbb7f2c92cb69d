import type { LinkTargetKind, Purpose } from '@flywheel/schema/wire'
import { AI, type Ai, createAi } from './ai/delegate.js'
import { Capture } from './capture.js'
import { ticketKinds } from './capture-mode.js'
import { type Context, innerFrame, type WaitUntil } from './context.js'
import type { FlushReport, Stats } from './counters.js'
import { type CreateDelivery, Delivery, NEVER_MS } from './delivery.js'
import { createReport, withoutCause } from './diagnostics.js'
import { createFeedback, type Feedback } from './feedback.js'
import { createHandlers, type Handlers } from './handlers.js'
import type { Host } from './middleware.js'
import { type ObserveOptions, observe } from './observe.js'
import { type FlywheelOptions, isSameOptions } from './options.js'
import { isPage } from './page.js'
import type { InteractionInput } from './record.js'
import type { Runtime } from './runtime.js'
import { createSampler } from './sample.js'
import { type SharedState, sharedState } from './shared-state.js'
import { type Target, targetContext, targetOf } from './target.js'
import { createSigner, createTicketReader, type SignTicket, type TicketOptions } from './ticket.js'
import { createTurn, type Turn, type TurnContext } from './turn.js'
import { createHandOver } from './wait-until.js'
import { toTime, toWire } from './wire-names.js'
import { unwrapClient, wrapClient } from './wrap.js'

/** Clients are kept until they are shut down; so many are one a request. */
const MANY_CLIENTS = 50
const DEFAULT_URL = 'http://127.0.0.1:8787'

/** Whose consent. `project` stands for everything of the project that the key belongs to. */
export type ConsentSubject = { user: string } | { session: string } | { project: true }

/** What a grant or a withdrawal rests on, and from when. */
export interface ConsentOptions {
  basis?: string | undefined
  /** From when on rows count. @default occurredAt */
  appliesFrom?: Date | number | string | undefined
  /** @default now */
  occurredAt?: Date | number | string | undefined
}

/** What `createFlywheel` returns. No method throws or rejects on account of Flywheel. */
export interface Flywheel extends Handlers {
  /** Observes a provider's client in place and returns the same object. */
  wrap<T extends object>(client: T): T
  /** Ends the observation and returns the same object. */
  unwrap<T extends object>(client: T): T
  /** Records a function's result, a promise or an async iterable and returns the very same. */
  observe<R>(name: string, fn: (call: { id: string }) => R, options?: ObserveOptions): R
  observe<T extends PromiseLike<unknown> | AsyncIterable<unknown>>(name: string, source: T, options?: ObserveOptions): T
  /** Opens the unit a person sees. Synchronous: id and ticket exist now. */
  turn(context?: TurnContext): Turn
  /** The innermost turn that the running code is in. */
  currentTurn(): Turn | undefined
  readonly context: {
    /** Runs `fn` with fields for every call inside it; a request's own `waitUntil` gets what is created there. */
    run<R>(context: Context, fn: () => R, options?: { waitUntil?: WaitUntil | undefined }): R
  }
  /**
   * The interaction of a wrapped client's promise, response or stream, known before the first token; also of an answer
   * that a helper put together (`.stream().finalChatCompletion()`), by the provider's response id, while it is one of
   * the last 1,000 of this process.
   */
  idOf(object: object): string | undefined
  /** Signs a capability for feedback, offline. '' without a secret key. */
  ticket(target: Target, options?: TicketOptions): string
  /** Gives an answer the host's own key. Returns the event's id. */
  link(target: Target, ref: string): string
  readonly consent: {
    /** Returns the event's id. */
    grant(subject: ConsentSubject, purpose: Purpose, options?: ConsentOptions): string
    withdraw(subject: ConsentSubject, purpose: Purpose, options?: ConsentOptions): string
  }
  readonly feedback: Feedback
  /** Records a call that nothing observed. Returns its id. */
  record(interaction: InteractionInput): string
  /** Sends what was created so far; resolves when it is settled or after the timeout, and never rejects. @default 5000 */
  flush(timeoutMs?: number): Promise<FlushReport>
  /** Writes what open calls have seen, flushes, and takes nothing any more. */
  shutdown(timeoutMs?: number): Promise<FlushReport>
  stats(): Stats
  /** For `@flywheel/sdk/ai`. */
  readonly [AI]: Ai
}

function subjectFields(subject: ConsentSubject): { subject_kind: 'user' | 'session' | 'project'; subject: string } {
  if ('user' in subject) return { subject_kind: 'user', subject: subject.user }
  if ('session' in subject) return { subject_kind: 'session', subject: subject.session }
  return { subject_kind: 'project', subject: 'project' }
}

/** Binds `createFlywheel` to a runtime. Called again with the same options it returns the same client. */
export function flywheelFor(
  runtime: Runtime,
  createDelivery: CreateDelivery = (options) => new Delivery(options),
): (options?: FlywheelOptions) => Flywheel {
  return (options = {}) => {
    const state = sharedState(runtime)
    const environment = runtime.environment()
    const resolved = {
      ...options,
      url: options.url ?? environment.url ?? DEFAULT_URL,
      // A secret mounted from a file often ends in a newline, which a header drops and a signature does not.
      apiKey: (options.apiKey ?? environment.apiKey ?? '').trim(),
    }
    const known = state.clients.find((entry) => isSameOptions(entry.options, resolved))
    if (known) return known.client as Flywheel
    const client = createClient(resolved, runtime, state, createDelivery)
    const count = state.clients.push({ options: resolved, client })
    if (count === MANY_CLIENTS && !options.transport) {
      const report = createReport(options.onDiagnostic, state.warned)
      report('many_clients', `${MANY_CLIENTS} clients: call createFlywheel once for the same options, not in a request`)
    }
    return client
  }
}

/** True for what `/v1/events` can be put behind; a name and password in a URL are refused by fetch. */
function isUsableUrl(url: string): boolean {
  try {
    return /^https?:\/\/[^\s@?#]+$/i.test(url) && !!new URL(url)
  } catch {
    return false
  }
}

function createClient(
  options: FlywheelOptions & { url: string; apiKey: string },
  runtime: Runtime,
  state: SharedState,
  createDelivery: CreateDelivery,
): Flywheel {
  const { consent, consentBasis, release, surface, onCreated, redact, sample, capture: mode, otel } = options
  // What failed may quote a person; where content is not to leave, neither is it to reach the host's logs.
  const told = createReport(options.onDiagnostic, state.warned)
  const report = redact || (mode ?? 'full') !== 'full' ? withoutCause(told) : told
  const now = options.now ?? Date.now
  const isUrl = options.transport !== undefined || isUsableUrl(options.url)
  const isLeaked = options.apiKey.startsWith('fw_sk_') && isPage()
  const isEnabled = isUrl && !isLeaked && (options.transport !== undefined || options.apiKey !== '')
  if (isLeaked) {
    report('secret_key_in_browser', 'a secret key in a browser: nothing is recorded; use @flywheel/sdk/browser')
  } else if (!isUrl) {
    const message = 'the URL is not one like https://collector.example.com, without a user name: nothing is recorded'
    report('invalid_url', `${message}; set FLYWHEEL_URL or pass url`)
  } else if (!isEnabled) {
    report('no_api_key', 'no API key: nothing is recorded; set FLYWHEEL_API_KEY or pass apiKey')
  }
  const timeoutMs = options.timeoutMs ?? 5000
  let instance: string | undefined
  const deliveryOptions = {
    transport: options.transport,
    url: options.url,
    apiKey: options.apiKey,
    fetch: options.fetch,
    spool: isEnabled ? options.spool : undefined,
    runtime,
    report,
    // Made when it is needed: some runtimes have no random values outside a request.
    get instance() {
      instance ??= state.newId()
      return instance
    },
    maxQueueBytes: options.maxQueueBytes ?? 8 * 1024 * 1024,
    flushIntervalMs: options.flushIntervalMs ?? 1000,
    timeoutMs,
    now,
  }
  const delivery = createDelivery(deliveryOptions, state.newId)
  const readTicket = createTicketReader(options.apiKey, runtime, now)
  const capture = new Capture({
    isEnabled,
    state,
    delivery,
    report,
    base: { consent, consentBasis, environment: options.environment, release, surface, capture: mode },
    redact,
    otel: otel ?? 'read',
    loaded: options.spool?.mappings,
    sampler:
      sample === undefined || sample >= 1
        ? undefined
        : createSampler(sample, { ofTicket: readTicket, ofResponse: (id) => state.responses.get(id) }),
    handOver: createHandOver(options.waitUntil, () => flush(timeoutMs), report),
    onCreated,
  })
  const signed = createSigner(isLeaked ? '' : options.apiKey, runtime, now)
  /** Nobody gets a capability to send what would not be recorded. */
  const sign: SignTicket = (target, given = {}) => {
    try {
      const kinds = ticketKinds(capture.mode(capture.frame(), targetContext(target)), given.kinds)
      return (kinds && signed?.(target, { ...given, kinds })) || ''
    } catch (error) {
      report('capture_failed', 'a ticket could not be signed', error)
      return ''
    }
  }

  /** What nobody will finish is written as it stands. */
  const closeCalls = () => {
    for (const call of [...capture.open]) call.abandon()
  }
  const exit = () => {
    closeCalls()
    delivery.exit()
  }
  if (isEnabled) {
    state.exits.add(exit)
    delivery.use(() => {})
  }

  const link = (target: Target, ref: string) =>
    capture.event(
      'link',
      () => {
        const named = targetOf(target)
        const resolved = named && 'ticket' in named ? readTicket(named.ticket) : named
        if (!resolved || resolved.target_kind === 'ref' || !ref) return null
        return { target_kind: resolved.target_kind satisfies LinkTargetKind, target: resolved.target, ref }
      },
      undefined,
      targetContext(target),
    )
  const consented =
    (label: 'granted' | 'withdrawn') =>
    (subject: ConsentSubject, purpose: Purpose, given: ConsentOptions = {}) =>
      capture.event('consent', () => ({
        ...subjectFields(subject),
        purpose,
        label,
        ...toWire(given),
        occurred_at: toTime(given.occurredAt ?? now()),
      }))

  /** Waits for the files of the providers, for half of the time at most: the rest is for sending. Returns what is left. */
  const untilReady = async (timeoutMs: number): Promise<number> => {
    const start = performance.now()
    let timer: ReturnType<typeof setTimeout> | undefined
    const ready = capture.ready()
    const late = () => new Promise((resolve) => (timer = setTimeout(resolve, Math.min(timeoutMs / 2, NEVER_MS))))
    await (ready && Promise.race([ready, late()]))
    clearTimeout(timer)
    return Math.max(0, timeoutMs - (performance.now() - start))
  }
  const flush = async (timeoutMs = 5000) => delivery.flush(await untilReady(timeoutMs))

  const ai = createAi(capture)
  const host: Host = {
    turn: (context) => client.turn(context),
    run: (fn, waitUntil) => client.context.run({}, fn, { waitUntil }),
    report,
  }
  const client: Flywheel = {
    wrap: (provider) => (isEnabled ? wrapClient(provider, capture) : provider),
    unwrap: (provider) => unwrapClient(provider),
    observe: ((name: string, source: unknown, given?: ObserveOptions) =>
      observe(capture, name, source, given)) as Flywheel['observe'],
    turn(given) {
      const context = given ?? {}
      const turn = createTurn(context, state, sign, ai)
      if (context.id && String(context.id).toLowerCase() !== turn.id)
        report('invalid_turn', 'the id of a turn is a UUIDv7; the turn has a new one')
      if (context.ref) link(turn, context.ref)
      return turn
    },
    currentTurn: () => capture.frame()?.turn as Turn | undefined,
    context: {
      run: (context, fn, given) => state.store.run(innerFrame(capture.frame(), context, given), fn),
    },
    idOf(object) {
      if (typeof object !== 'object' || object === null) return undefined
      try {
        const known = state.ids.get(object)
        const responseId = (object as { id?: unknown }).id
        return known ?? (typeof responseId === 'string' ? state.responses.get(responseId) : ai.claim(object))
      } catch {
        // An object that cannot be asked is none of ours.
        return undefined
      }
    },
    ticket(target, given) {
      const context = targetContext(target) ?? capture.frame()?.context
      return sign(target, { author: context?.user, session: context?.session, ...given })
    },
    link,
    consent: { grant: consented('granted'), withdraw: consented('withdrawn') },
    feedback: createFeedback(capture, link),
    record(given) {
      const { id, turnId, parentId, ...interaction } = given ?? {}
      const frame = innerFrame(capture.frame(), interaction, { turnId, parentId })
      return capture.record(id ? String(id).toLowerCase() : state.newId(), frame)
    },
    flush,
    async shutdown(timeoutMs = 5000) {
      capture.isOver = true
      closeCalls()
      const leftMs = await untilReady(timeoutMs)
      // Whose file has not come by now is recorded without content.
      for (const mapping of capture.mappings.values()) mapping.settle()
      state.exits.delete(exit)
      const index = state.clients.findIndex((entry) => entry.client === client)
      if (index >= 0) state.clients.splice(index, 1)
      return delivery.close(leftMs)
    },
    stats: () => delivery.stats(),
    [AI]: ai,
    ...createHandlers(host, { url: options.url, timeoutMs, fetch: options.fetch, capture: mode, redact, report }),
  }
  return client
}
