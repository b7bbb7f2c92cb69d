import type { Capture } from '../capture.js'
import type { Frame } from '../context.js'
import type { AiSession } from './session.js'
import type { AiLibrary } from './vercel-ai.js'

/** What `turn.ai()` adds to the options of a call: telemetry under the names of version 7 and of version 6. */
export interface AiOptions {
  // What stands inside fits the types of every major: `never` is all of them.
  readonly telemetry: never
  readonly experimental_telemetry: never
}

/** Settings of the host's own telemetry for the same call, as `ai` takes them. */
export type AiTelemetrySettings = Readonly<Record<string, unknown>>

/** An integration for `registerTelemetry` (version 7) or `registerTelemetryIntegration` (version 6). */
export type AiIntegration = Readonly<Record<string, never>>

/** What a client keeps at hand for Vercel's `ai`; the rest is loaded when it is first asked for. */
export interface Ai {
  options(frame: Frame, settings?: AiTelemetrySettings): AiOptions
  integration(): AiIntegration
  model<M>(model: M, frame?: Frame): M
  /** Observes one call of a model. */
  call(model: object, options: unknown, run: () => PromiseLike<unknown>): PromiseLike<unknown>
  /** The interaction of what `ai` returned, if its call began in the same run of synchronous code or has ended. */
  claim(result: object): string | undefined
}

/** How `./ai` reaches it on a client. A registered symbol, so that two copies of the package agree. */
export const AI: unique symbol = Symbol.for('flywheel.ai') as never

/** On an integration of ours: it records, so another one need not. */
const OWN: unique symbol = Symbol.for('flywheel.ai.integration') as never

/** Whatever is done with it gives itself: a span for a call that runs unobserved. */
const NOTHING: unknown = new Proxy(() => NOTHING, { get: (_, key) => (key === 'then' ? undefined : NOTHING) })

/** Binds the delegates to a client. Nothing here throws into the host; without the library every call runs unobserved. */
export function createAi(capture: Capture): Ai {
  const { state, report } = capture
  let loading: Promise<AiLibrary | undefined> | undefined
  const load = () => {
    loading ??= import('./vercel-ai.js').then(
      ({ aiLibrary }) => aiLibrary(capture),
      (error) => void report('capture_failed', 'what records the AI SDK cannot be loaded', error),
    )
    return loading
  }
  /** Sessions that began in this run of synchronous code. */
  const begun = new Set<AiSession>()
  const begin = (session: AiSession) => {
    if (session.isUsed) return session
    begun.add(session)
    queueMicrotask(() => begun.delete(session))
    void load()
    return session
  }
  const newSession = (frame?: Frame, isTelemetry?: boolean): AiSession =>
    begin({ id: state.newId(), frame, isTelemetry, hasTracer: isTelemetry && frame !== undefined })

  /** Each version reads the hooks that it knows, once a call. */
  const integration = (sessionOf: (hook: string) => AiSession) =>
    new Proxy(
      { [OWN]: true },
      {
        get(_, name) {
          if (typeof name !== 'string' || !/^(?:on|execute)[A-Z]/.test(name)) return undefined
          const session = sessionOf(name)
          return (event: { execute?: () => unknown }) =>
            load().then((library) => (library ? library.hook(session, name, event) : event.execute?.()))
        },
      },
    )

  const observed = (session: AiSession | undefined, model: object, options: unknown, run: () => PromiseLike<unknown>) =>
    load().then((library) => (library ? library.model(session, model, options, run) : run()))

  return {
    options(frame, given) {
      const settings = given ?? {}
      const session = newSession(frame, true)
      const own = integration(() => session)
      const { integrations, isEnabled } = settings
      const local = integrations ? [integrations].flat() : []
      const { AI_SDK_TELEMETRY_INTEGRATIONS: registered = [] } = globalThis as {
        AI_SDK_TELEMETRY_INTEGRATIONS?: object[]
      }
      const told = integrations || isEnabled === false ? local : registered.filter((one) => !one?.[OWN as never])
      const startActiveSpan = (name: string, ...args: unknown[]) =>
        load().then((library) =>
          library ? library.span(session, settings, name, args) : (args.at(-1) as (span: unknown) => unknown)(NOTHING),
        )
      // Both are read when the host spreads them, in the expression that makes the call.
      return {
        get telemetry() {
          begin(session)
          // Version 7 asks the registered integrations only where a call has none of its own.
          return { ...settings, isEnabled: true, integrations: [...told, own] } as never
        },
        get experimental_telemetry() {
          begin(session)
          // Where the host wants no spans there is nothing on any: version 6 would write the prompt on them.
          const content = { recordInputs: isEnabled === true, recordOutputs: isEnabled === true }
          const integrations = [...local, own]
          return { ...content, ...settings, isEnabled: true, integrations, tracer: { startActiveSpan } } as never
        },
      }
    },

    integration() {
      let session: AiSession | undefined
      const read = new Set<string>()
      return integration((hook) => {
        // A second reading of a hook is another call's.
        if (!session || read.has(hook)) {
          read.clear()
          session = newSession(undefined, true)
        }
        read.add(hook)
        return session
      }) as unknown as AiIntegration
    },

    model(model, frame) {
      if (typeof model !== 'object' || model === null) {
        report('unknown_model', 'turn.model() takes a model of a provider; a gateway’s name is not observed')
        return model
      }
      let session: AiSession | undefined
      return new Proxy(model, {
        get(target, key) {
          // Every call begins with this question, before it awaits anything.
          if (key === 'specificationVersion') session = !session || session.isUsed ? newSession(frame) : begin(session)
          const value = Reflect.get(target, key, target) as unknown
          if (typeof value !== 'function' || !/^do(?:Generate|Stream)$/.test(String(key))) return value
          return (options: unknown) =>
            observed(session ?? newSession(frame), target, options, () => value.call(target, options))
        },
      })
    },

    call: (model, options, run) => observed(undefined, model, options, run),

    claim(result) {
      // Any other property of a streaming result starts to read its stream.
      if (!('toTextStreamResponse' in result || 'then' in result))
        return state.responses.get((result as { response?: { id: string } | undefined }).response?.id ?? '')
      const open = [...begun].filter((session) => !session.result)
      const told = open.filter((session) => session.isTelemetry)
      const [session, other] = told.length > 0 ? told : open
      if (!session || other) return undefined
      session.result = new WeakRef(result)
      state.ids.set(result, session.id)
      return session.id
    },
  }
}
