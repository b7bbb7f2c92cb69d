import { type Call, isAbort } from './call.js'
import { hide } from './hide.js'
import { type Answers, observeStream } from './stream.js'

/** The parts of a Stainless client's promise that are used where they exist. */
interface ProviderPromise extends PromiseLike<unknown> {
  parseResponse?: (...args: unknown[]) => PromiseLike<unknown>
  responsePromise?: PromiseLike<{ response?: unknown }>
  asResponse?: () => PromiseLike<unknown>
  _thenUnwrap?: (transform: (...args: unknown[]) => unknown) => object
  _responseProps?: () => PromiseLike<{ options?: { stream?: boolean }; response: { body: object } }>
}

/**
 * Observes the promise a provider's method returned; the host gets this very promise. Handlers are only attached to
 * the provider's own inner promises, and each swallows, so that nothing of ours can go unhandled.
 */
export function observePromise(promise: ProviderPromise, call: Call, answers: Answers): void {
  call.claim(promise)
  let isParsed = false
  const onAnswer = (value: unknown) => {
    call.claim(value)
    if (call.isDone) return
    if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) {
      observeStream(value, call, answers)
      return
    }
    if (answers.isMissing) call.nameResponse(value)
    call.end('ok', (hold) => answers.response(value, hold))
  }
  const onError = (error: unknown) => (isAbort(error) ? call.end('aborted') : call.end('error', undefined, error))

  // A host's double of a client may answer without a promise.
  if (typeof promise?.then !== 'function') {
    onAnswer(promise)
    return
  }
  const { parseResponse, responsePromise, asResponse, _thenUnwrap, _responseProps } = promise
  if (typeof parseResponse !== 'function') {
    if (promise instanceof Promise) promise.then(safely(onAnswer), onError)
    else observeThenable(promise, safely(onAnswer), onError)
    return
  }
  // Called lazily and again by each `_thenUnwrap`: the first call is the observed one.
  promise.parseResponse = function parse(this: unknown, ...args) {
    const parsed = parseResponse.apply(this, args)
    if (!isParsed) {
      isParsed = true
      parsed.then(safely(onAnswer), onError)
    }
    return parsed
  }
  responsePromise?.then(undefined, onError)
  if (typeof asResponse === 'function') {
    hide(promise, 'asResponse', function (this: typeof promise) {
      const raw = asResponse.call(this)
      raw.then(
        (response) => !isParsed && observeResponse(response as Response, call, answers, () => isParsed),
        () => {},
      )
      return raw
    })
  }
  if (typeof _responseProps === 'function') {
    // Anthropic's message threads parse a stream of their own of this: what they read of its bytes is what is seen.
    hide(promise, '_responseProps', function (this: typeof promise) {
      const props = _responseProps.call(this)
      const onProps = safely((taken) => {
        const { options, response } = taken as Awaited<typeof props>
        if (options?.stream && !isParsed) observeStream(response.body, call, answers)
      })
      props.then(onProps, () => {})
      return props
    })
  }
  if (typeof _thenUnwrap === 'function') {
    hide(promise, '_thenUnwrap', function (this: typeof promise, transform: (...args: unknown[]) => unknown) {
      // From version 7 on the new promise does not come by our `parseResponse`; the transform sees the answer first.
      const unwrapped = _thenUnwrap.call(this, (...args) => {
        safely(onAnswer)(args[0])
        const value = transform(...args)
        call.claim(value)
        return value
      }) as ProviderPromise
      call.claim(unwrapped)
      const { parseResponse: parseUnwrapped } = unwrapped
      if (typeof parseUnwrapped === 'function') {
        unwrapped.parseResponse = function parse(this: unknown, ...args) {
          isParsed = true
          const parsed = parseUnwrapped.apply(this, args)
          parsed.then(undefined, onError)
          return parsed
        }
      }
      return unwrapped
    })
  }
  call.watch(promise)
}

/** A query builder runs its query anew for each `then`: nothing is asked of it but what the host asks. */
function observeThenable(
  promise: PromiseLike<unknown>,
  onAnswer: (value: unknown) => void,
  onError: (error: unknown) => void,
): void {
  const { then } = promise
  hide(promise, 'then', (onValue?: unknown, onReason?: unknown) =>
    then.call(
      promise,
      (value) => {
        onAnswer(value)
        return typeof onValue === 'function' ? onValue(value) : value
      },
      (error) => {
        onError(error)
        if (typeof onReason === 'function') return onReason(error)
        throw error
      },
    ),
  )
}

function safely(fn: (value: unknown) => void): (value: unknown) => void {
  return (value) => {
    try {
      fn(value)
    } catch {
      // An answer that cannot be observed is the host's all the same.
    }
  }
}

/** The host took the raw response: what it reads from it with `json` or `text` is recorded, and nothing is read for it. */
function observeResponse(response: Response, call: Call, answers: Answers, isParsed: () => boolean): void {
  call.endsWell()
  for (const method of ['json', 'text'] as const) {
    const read = response[method]
    hide(response, method, () => {
      const body = read.call(response)
      body.then(
        (value: unknown) => {
          if (isParsed()) return
          call.end('ok', (hold) => answers.response(typeof value === 'string' ? JSON.parse(value) : value, hold))
        },
        () => {},
      )
      return body
    })
  }
  call.claim(response)
  call.watch(response)
}
