import type { HoldBlob } from '../blobs.js'
import { type Call, isAbort } from '../call.js'
import type { Capture } from '../capture.js'
import type { Frame } from '../context.js'
import type { AnswerFields } from '../provider.js'
import { isShape, type Shape } from '../providers/shape.js'
import { type StreamAccumulator, streamAccumulator } from './accumulator.js'
import { generatedFields } from './answer.js'
import { observeReadable } from './readable.js'
import { requestFields } from './request.js'
import { type AiSession, type OuterCall, outerCall, runMarked, sessionFrame, startCall } from './session.js'

/** How a failed attempt goes on: kept open where somebody will say whether it is tried again. */
export type OnFailure = (call: Call, error: unknown) => void

type OnResponse = ((responseId: string | undefined) => void) | undefined

function noted(fields: AnswerFields, onResponse: OnResponse): AnswerFields {
  onResponse?.(fields.provider_response_id)
  return fields
}

const endInError: OnFailure = (call, error) => call.end('error', undefined, error)

/** Ends the call where the host's signal fires, whatever the provider then does; returns what takes the listener off. */
function endOnAbort(call: Call, signal: unknown, accumulator: StreamAccumulator | undefined): () => void {
  if (!(signal instanceof AbortSignal)) return () => {}
  const onAbort = () => {
    // A model that finished before the host pressed Stop has answered in full.
    const isComplete = accumulator?.isComplete() ?? false
    call.end(isComplete ? 'ok' : 'aborted', accumulator && ((hold) => accumulator.fields(hold)))
  }
  if (signal.aborted) return () => {}
  signal.addEventListener('abort', onAbort, { once: true })
  // The signal may live as long as the host's process: what hears it must not.
  return () => signal.removeEventListener('abort', onAbort)
}

/** Observes what `doStream` resolved to; its stream is replaced by one of the same chunks. */
function observeStreamed(result: Shape, call: Call, signal: unknown, onResponse: OnResponse): void {
  // Told before the stream is taken: a frozen result is the host's all the same.
  if (!Object.getOwnPropertyDescriptor(result, 'stream')?.writable) {
    call.end('ok')
    return
  }
  const accumulator = streamAccumulator()
  const stopHearing = endOnAbort(call, signal, accumulator)
  const fields = (hold: HoldBlob) => noted(accumulator.fields(hold), onResponse)
  const finish = (otherwise: 'aborted' | 'partial', error?: unknown) => {
    stopHearing()
    const failure = accumulator.failure ?? (error === undefined ? undefined : { error })
    if (failure && isAbort(failure.error)) call.end('aborted', fields)
    else if (failure) call.end('partial', fields, failure.error)
    else call.end(accumulator.isComplete() ? 'ok' : otherwise, fields)
  }
  const stream = observeReadable(result['stream'] as ReadableStream<unknown>, {
    chunk(chunk) {
      if (!call.isDone && accumulator.add(chunk)) call.token()
    },
    end: () => finish(signal instanceof AbortSignal && signal.aborted ? 'aborted' : 'partial'),
    leave: () => finish('aborted'),
    fail: (error) => finish('partial', error),
  })
  call.onAbandon = () => finish('aborted')
  call.watch(stream)
  result['stream'] = stream
}

/** Reads what a model answered, whole or as a stream, and ends the call when all of it is there. */
function observeResult({ capture, options, onResponse }: ModelCall, result: unknown, call: Call): void {
  try {
    if (isShape(result) && result['stream'] instanceof ReadableStream)
      observeStreamed(result, call, options['abortSignal'], onResponse)
    else call.end('ok', (hold) => noted(generatedFields(result, hold), onResponse))
  } catch (error) {
    capture.report('capture_failed', 'an answer of the AI SDK is not recorded', error)
    call.end('ok')
  }
}

/** What one call of a model is observed with. */
export interface ModelCall {
  readonly capture: Capture
  readonly session: AiSession | undefined
  readonly model: { readonly provider: unknown; readonly modelId: unknown }
  readonly options: Shape
  /** Goes on with the attempt before instead of starting a record. */
  readonly retried?: (() => Call | undefined) | undefined
  readonly onCall?: ((call: Call) => void) | undefined
  readonly onFailure?: OnFailure | undefined
  /** Where the model's own result stands in what `run` resolves to. @default the value itself */
  readonly resultIn?: ((value: unknown) => unknown) | undefined
  /** Called with the id of the answer once it is recorded. */
  readonly onResponse?: OnResponse
}

/** Starts the record, or goes on with the attempt before. */
function begin({ capture, session, model, options, retried, onCall }: ModelCall, frame: Frame | undefined): Call {
  const before = retried?.()
  const call = before ?? startCall(capture, session, frame)
  if (!before) call.request((hold) => requestFields({ ...model, options }, hold))
  onCall?.(call)
  return call
}

/**
 * Runs a model's `doGenerate` or `doStream` and records it. Whatever happens to the observation, the model is called
 * once and what it returns or throws reaches the caller.
 */
export function observeModelCall<R>(given: ModelCall, run: () => PromiseLike<R>): PromiseLike<R> {
  const { capture, model, options, onFailure = endInError, resultIn = (value) => value } = given
  const signal = options['abortSignal']
  let call: Call | undefined
  let frame: Frame | undefined
  try {
    const outer = outerCall(capture)
    outer?.asked(model.provider, model.modelId, options)
    if (outer?.isRecording) return run()
    frame = sessionFrame(capture, given.session)
    call = begin(given, frame)
  } catch (error) {
    capture.report('capture_failed', 'a call of the AI SDK is not recorded', error)
  }
  const observed = call
  if (!observed) return run()
  const fail = (error: unknown) => {
    const isAborted = isAbort(error) || (signal instanceof AbortSignal && signal.aborted)
    try {
      if (isAborted) observed.end('aborted')
      else onFailure(observed, error)
    } catch {
      // An error that cannot be asked whether it is tried again is the host's all the same.
      observed.end('error', undefined, error)
    }
  }
  const outer: OuterCall = {
    isRecording: true,
    asked: (provider, modelId, exact) =>
      observed.request((hold) => requestFields({ provider, modelId, options: exact }, hold)),
  }
  let promise: PromiseLike<R>
  try {
    promise = runMarked(capture, frame, outer, run)
  } catch (error) {
    fail(error)
    throw error
  }
  const stopHearing = endOnAbort(observed, signal, undefined)
  return Promise.resolve(promise).then(
    (value) => {
      stopHearing()
      observeResult(given, resultIn(value), observed)
      return value
    },
    (error) => {
      stopHearing()
      fail(error)
      throw error
    },
  )
}
