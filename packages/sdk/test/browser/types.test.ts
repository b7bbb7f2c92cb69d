import { expect, expectTypeOf, test } from 'vitest'
import { type BrowserFeedback, captureEdits, createDraft, createFeedback, type Draft } from '../../src/browser/index.js'
import { type BoundFeedback, useDraft, useFeedback } from '../../src/react/index.js'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const feedback = createFeedback({ session: 's' })

test('methods take what the server’s take, a message too', () => {
  expectTypeOf(feedback.thumb).parameter(1).toEqualTypeOf<'up' | 'down' | 'none'>()
  expectTypeOf(feedback.correct(id, { a: [1] }, { stage: 'draft', shown: 'x' })).toEqualTypeOf<string>()
  expectTypeOf(feedback.flush()).toEqualTypeOf<Promise<number>>()
  expectTypeOf<BoundFeedback['thumb']>().parameter(0).toEqualTypeOf<'up' | 'down' | 'none'>()
  const message: { id: string; role: string; metadata?: unknown } = { id: 'm', role: 'assistant' }
  expectTypeOf(feedback.accept).toBeCallableWith(message)
  expectTypeOf(useFeedback).toBeCallableWith(message)
  expectTypeOf(useFeedback).toBeCallableWith(undefined)
  expectTypeOf(useDraft).returns.toEqualTypeOf<Draft>()
  expectTypeOf(useDraft).toBeCallableWith(null)
  expectTypeOf(feedback).toEqualTypeOf<BrowserFeedback>()
})

test('misuse does not compile', () => {
  const misuse = () => {
    // @ts-expect-error no such option
    createFeedback({ apiKey: 'x' })
    // @ts-expect-error no such storage
    createFeedback({ storage: 'cookie' })
    // @ts-expect-error no such thumb
    feedback.thumb(id, 'sideways')
    // @ts-expect-error a bare { id } does not say what it is the id of
    feedback.accept({ id })
    // @ts-expect-error no target
    feedback.accept(undefined)
    // @ts-expect-error a link needs more than a browser may do
    feedback.correct(id, 'x', { ref: 'mail:7' })
    // @ts-expect-error no such stage
    feedback.correct(id, 'x', { stage: 'final' })
    // @ts-expect-error the wire's spelling is not the API's
    feedback.accept(id, { reason_codes: ['a'] })
    // @ts-expect-error an element, not its id
    captureEdits('field', id)
    // @ts-expect-error no such option
    createDraft(id, { debounce: 5 })
    // @ts-expect-error a draft keeps text
    createDraft(id).commit(5)
    // @ts-expect-error the answer is known already
    useFeedback(id).thumb(id, 'up')
  }
  expect(misuse).toBeTypeOf('function')
})
