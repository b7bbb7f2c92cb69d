import type { JsonObject, JsonValue, Message, Operation, Part, ToolDefinition } from '@flywheel/schema/wire'
import { Call, type Runner } from './call.js'
import type { Capture } from './capture.js'
import { innerFrame } from './context.js'
import { observePromise } from './promise.js'
import type { AnswerFields } from './provider.js'
import { type Answers, observeStream } from './stream.js'
import { toWire } from './wire-names.js'

/** What the host knows about an observed function's input; the shapes are the contract's. */
export interface ObserveOptions {
  /** @default other */
  operation?: Operation | undefined
  provider?: string | undefined
  modelRequested?: string | undefined
  system?: Part[] | undefined
  messages?: Message[] | undefined
  tools?: ToolDefinition[] | undefined
  parameters?: JsonObject | undefined
}

function isPlain(value: unknown): value is JsonValue {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function' && typeof value !== 'symbol'
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}

/** A text is the answer; plain JSON goes along as it is; anything else is the host's own business. */
function output(value: unknown): AnswerFields {
  if (value === undefined || !isPlain(value)) return {}
  const isText = typeof value === 'string'
  const part: Part = isText ? { type: 'text', content: value } : { type: 'other', provider_type: 'observe', raw: value }
  return { outputs: [{ role: 'assistant', parts: [part] }], has_text: isText && value !== '' }
}

/** An observed function needs no provider's mapping. */
const now: Runner = { run: (step) => step() }

function answers(isRecordedInside: () => boolean): Answers {
  return {
    ...now,
    response: (value) => (isRecordedInside() ? {} : output(value)),
    accumulator() {
      const chunks: unknown[] = []
      let isEnded = false
      return {
        add(chunk) {
          chunks.push(isPlain(chunk) ? chunk : null)
          return true
        },
        isComplete: () => isEnded,
        end() {
          isEnded = true
        },
        fields: () =>
          isRecordedInside()
            ? {}
            : output(chunks.every((chunk) => typeof chunk === 'string') ? chunks.join('') : chunks),
      }
    },
  }
}

/** Runs or takes what is observed and returns the very result. Calls inside a function become its children. */
export function observe(capture: Capture, name: string, source: unknown, options: ObserveOptions = {}): unknown {
  const { store, ids } = capture.state
  let call: Call | undefined
  try {
    const frame = capture.frame()
    call = new Call(capture, now, innerFrame(frame, { agent: frame?.context.agent ?? name }))
    call.request(() => toWire({ operation: 'other', ...options }))
  } catch (error) {
    capture.report('capture_failed', 'an observed function is not recorded', error)
  }
  const id = call?.id ?? capture.state.newId()
  let result = source
  if (typeof source === 'function') {
    try {
      result = store.run(innerFrame(store.getStore(), {}, { parentId: id }), () => source({ id }))
    } catch (error) {
      call?.end('error', undefined, error)
      throw error
    }
  }
  try {
    if (call)
      observeResult(
        result,
        call,
        answers(() => isObject(result) && ids.get(result) !== id),
      )
  } catch (error) {
    capture.report('capture_failed', `the result of ${name} is not recorded`, error)
  }
  return result
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

function observeResult(result: unknown, call: Call, read: Answers): void {
  if (isObject(result) && typeof (result as { then?: unknown }).then === 'function') {
    observePromise(result as PromiseLike<unknown>, call, read)
  } else if (isObject(result) && Symbol.asyncIterator in result) {
    call.claim(result)
    observeStream(result, call, read)
  } else {
    call.claim(result)
    call.end('ok', (hold) => read.response(result, hold))
  }
}
