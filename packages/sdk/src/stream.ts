import type { HoldBlob } from './blobs.js'
import { type Call, isAbort, type Outcome, type Runner } from './call.js'
import { hide } from './hide.js'
import type { Accumulator, Mapping } from './provider.js'

/** How an answer is read, whole or streamed, once its mapping is there. */
export interface Answers extends Pick<Mapping, 'response' | 'accumulator'>, Runner {
  /** True while a provider's mapping is not there, or for good where its file could not be loaded. */
  readonly isMissing?: boolean
}

interface ProviderStream {
  iterator?: () => AsyncIterator<unknown>
  controller?: { signal?: AbortSignal }
  [Symbol.asyncIterator]?: () => AsyncIterator<unknown>
}

/** What is told of an iterator: a value, its end, the consumer leaving early, its failure. None may throw. */
export interface Observer {
  readonly chunk: (value: unknown) => void
  readonly end: () => void
  readonly leave: () => void
  readonly fail: (error: unknown) => void
}

/**
 * Observes an iterator in place: `next` returns the promise that the provider made, so no tick is added and
 * whoever shares it (`tee`, `toReadableStream`) gets the same one.
 */
export function observeIterator(iterator: AsyncIterator<unknown>, seen: Observer): void {
  const { next, return: leave, throw: raise } = iterator
  const onNext = (result: IteratorResult<unknown>) => {
    try {
      result.done ? seen.end() : seen.chunk(result.value)
    } catch {
      // A result that is none fails the host's loop, not the process.
    }
  }
  hide(iterator, 'next', function (this: typeof iterator, ...args: [] | [undefined]) {
    const promise = next.apply(this, args)
    // Both handlers swallow: a stream that breaks rejects in the host's hands, never in ours.
    // A host's own iterator may give its results without a promise; a promise of the platform stays the same one.
    Promise.resolve(promise).then(onNext, seen.fail)
    return promise
  })
  if (leave) {
    hide(iterator, 'return', function (this: typeof iterator, value?: unknown) {
      seen.leave()
      return leave.call(this, value)
    })
  }
  if (raise) {
    hide(iterator, 'throw', function (this: typeof iterator, error?: unknown) {
      seen.leave()
      return raise.call(this, error)
    })
  }
}

/**
 * What a stream's events do to its call. Holds neither the stream nor its iterator: an open call is reachable for as
 * long as the process lives, and a stream that the host dropped must be collectable.
 */
function observer(call: Call, answers: Answers, signal: AbortSignal | undefined): Observer {
  let accumulator: Accumulator | undefined
  answers.run(() => {
    try {
      accumulator = answers.accumulator()
    } catch {
      // The provider's file could not be loaded: the stream is recorded without content.
    }
  })
  const read = (chunk: unknown, at?: number) => {
    try {
      if (accumulator?.add(chunk)) call.token(at)
    } catch {
      // An unreadable chunk costs its content, nothing else.
    }
  }
  const isComplete = (): boolean => {
    try {
      return accumulator?.isComplete() ?? false
    } catch {
      return false
    }
  }
  const fields = (hold: HoldBlob) => accumulator?.fields(hold) ?? {}
  const finish = (otherwise: 'aborted' | 'partial', unread: Outcome = otherwise) => {
    const isAborted = signal?.aborted
    call.end(() => (isComplete() ? 'ok' : isAborted ? 'aborted' : accumulator ? otherwise : unread), fields)
  }
  return {
    chunk(chunk) {
      if (call.isDone) return
      if (accumulator) return read(chunk)
      if (answers.isMissing) call.nameResponse(chunk)
      const at = performance.now()
      answers.run(() => read(chunk, at))
    },
    end: () => {
      answers.run(() => accumulator?.end?.())
      finish('partial', 'ok')
    },
    leave: () => finish('aborted'),
    // The signal says nothing here: the provider's client aborts its own request when a stream breaks.
    fail(error) {
      const isAborted = isAbort(error)
      call.end(isAborted ? 'aborted' : 'partial', fields, isAborted ? undefined : error)
    },
  }
}

function hideIterator(
  stream: ProviderStream,
  key: 'iterator' | typeof Symbol.asyncIterator,
  open: () => AsyncIterator<unknown>,
  call: Call,
  seen: Observer,
): void {
  hide(stream, key, function iterator(this: ProviderStream) {
    const inner = open.call(this)
    try {
      observeIterator(inner, seen)
      // From here the iterator is what the host may drop.
      call.watch(inner)
    } catch {
      // So is a frozen iterator.
      call.end('ok')
    }
    return inner
  })
}

/** Observes a provider's stream in place; the object the host holds stays the provider's. */
export function observeStream(value: object, call: Call, answers: Answers): void {
  const stream = value as ProviderStream
  const key = typeof stream.iterator === 'function' ? 'iterator' : Symbol.asyncIterator
  const open = stream[key]
  if (typeof open !== 'function') {
    call.end('ok')
    return
  }
  const seen = observer(call, answers, stream.controller?.signal)
  try {
    // An async generator is its own iterator: a host may read it without a loop.
    if ('next' in value) observeIterator(value as AsyncIterator<unknown>, seen)
    else hideIterator(stream, key, open, call, seen)
  } catch {
    // A frozen stream is read unobserved, and recorded without content.
    call.end('ok')
    return
  }
  call.onAbandon = seen.leave
  call.watch(stream)
}
