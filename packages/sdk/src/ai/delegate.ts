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
const OWN = Symbol.for('flywheel.ai.integration')

/** Hooks of version 6 and 7; each version asks for those it knows. */
const HOOKS =
  'onStart onStepStart onStepFinish onToolCallStart onToolCallFinish onToolExecutionStart onToolExecutionEnd onObjectStepStart onObjectStepEnd onFinish onEnd onAbort onError'
const RUNNERS = ['executeLanguageModelCall', 'executeTool'] as const

/** Whatever is done with it gives itself: a span for a call that runs unobserved. */
const NOTHING: unknown = new Proxy(() => NOTHING, { get: (_, key) => (key === 'then' ? undefined : NOTHING) })

/** Binds the delegates to a client. Nothing here throws into the host; without the library every call runs unobserved. */
export function createAi(capture: Capture): Ai {
  let loading: Promise<AiLibrary | undefined> | undefined
  const load = () => {
    loading ??= import('./vercel-ai.js').then(
      ({ aiLibrary }) => aiLibrary(capture),
      (error) => void capture.report('capture_failed', 'what records the AI SDK cannot be loaded', error),
    )
    return loading
  }
  /** Sessions that began in this run of synchronous code. */
  const begun = new Set<AiSession>()
  const begin = (session: AiSession) => {
    begun.add(session)
    queueMicrotask(() => begun.delete(session))
    void load()
    return session
  }
  const newSession = (frame: Frame | undefined, more?: Partial<AiSession>): AiSession =>
    begin({ id: capture.state.newId(), frame, ...more })

  function hook(name: string, session: () => AiSession): unknown {
    const isRunner = name === RUNNERS[0] || name === RUNNERS[1]
    const own = session()
    if (!isRunner) return (event: unknown) => load().then((library) => library?.event(own, name, event))
    return (given: { execute: () => unknown }) =>
      load().then((library) =>
        library ? library[name === RUNNERS[0] ? 'executeModel' : 'executeTool'](own, given as never) : given.execute(),
      )
  }

  /** `session` is asked for each time a version reads a hook. */
  function integration(session: (name: string) => AiSession): object {
    const made = { [OWN]: true }
    for (const name of [...HOOKS.split(' '), ...RUNNERS])
      Object.defineProperty(made, name, { enumerable: true, get: () => hook(name, () => session(name)) })
    return made
  }

  const ai: Ai = {
    options(frame, settings = {}) {
      const session = newSession(frame, { isTelemetry: true, hasTracer: true })
      const own = integration(() => session)
      const given = settings['integrations']
      const local = given === undefined ? [] : [given].flat()
      const registered = (globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: object[] }).AI_SDK_TELEMETRY_INTEGRATIONS
      const isWanted = settings['isEnabled'] !== false
      const tracer = {
        startActiveSpan: (name: string, ...args: unknown[]) =>
          load().then((library) =>
            library
              ? library.span(session, settings, name, args)
              : (args.at(-1) as (span: unknown) => unknown)(NOTHING),
          ),
      }
      const options = {
        // Version 7 asks the registered integrations only where a call has none of its own.
        telemetry: {
          ...settings,
          isEnabled: true,
          integrations: [
            ...(given ? local : isWanted ? (registered ?? []) : []).filter((one) => !(OWN in (one as object))),
            own,
          ],
        },
        // Without the host's wish for spans, nothing is written on any: version 6 would put the prompt there.
        experimental_telemetry: {
          recordInputs: settings['isEnabled'] === true,
          recordOutputs: settings['isEnabled'] === true,
          ...settings,
          isEnabled: true,
          integrations: [...local, own],
          tracer,
        },
      }
      for (const [name, value] of Object.entries(options)) {
        const get = () => {
          // Read when the host spreads the options, in the expression that makes the call.
          if (!session.isUsed) begin(session)
          return value
        }
        Object.defineProperty(options, name, { enumerable: true, get })
      }
      return options as unknown as AiOptions
    },

    integration() {
      let session: AiSession | undefined
      const read = new Set<string>()
      return integration((name) => {
        // Each call reads every hook once: a second reading is another call's.
        if (!session || read.has(name)) {
          read.clear()
          session = newSession(undefined, { isTelemetry: true })
        }
        read.add(name)
        return session
      }) as AiIntegration
    },

    model(model, frame) {
      if (typeof model !== 'object' || model === null) {
        capture.report('unknown_model', 'turn.model() takes a model of a provider; a gateway’s name is not observed')
        return model
      }
      let session: AiSession | undefined
      return new Proxy(model, {
        get(target, key) {
          // Every call begins with this question, before it awaits anything.
          if (key === 'specificationVersion') session = !session || session.isUsed ? newSession(frame) : begin(session)
          const value = Reflect.get(target, key, target) as unknown
          if (typeof value !== 'function' || (key !== 'doGenerate' && key !== 'doStream')) return value
          return (options: unknown) => {
            const own = session
            const run = () => value.call(target, options) as PromiseLike<unknown>
            return load().then((library) => (library ? library.model(own, target, options, run) : run()))
          }
        },
      })
    },

    call: (model, options, run) =>
      load().then((library) => (library ? library.model(undefined, model, options, run) : run())) as Promise<unknown>,

    claim(result) {
      // Any other property of a streaming result starts to read its stream.
      if (!('toTextStreamResponse' in result || 'then' in result)) {
        const responseId = (result as { response?: { id?: string } | undefined }).response?.id
        return responseId === undefined ? undefined : capture.state.responses.get(responseId)
      }
      const open = [...begun].filter((session) => !session.result)
      const told = open.filter((session) => session.isTelemetry)
      const [session, ...others] = told.length > 0 ? told : open
      if (!session || others.length > 0) return undefined
      session.result = new WeakRef(result)
      capture.state.ids.set(result, session.id)
      return session.id
    },
  }
  return ai
}
