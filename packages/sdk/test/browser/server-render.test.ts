import { createElement, StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { useDraft, useFeedback } from '../../src/react/index.js'

const methods: unknown[] = []
function Message() {
  const feedback = useFeedback({ metadata: { flywheel: { turn: '01890a5d-ac96-774b-bcce-b302099a8057', ticket: '' } } })
  methods.push(feedback.thumb)
  const draft = useDraft('fwt1.a.b', { ref: 'reply' })
  return createElement('textarea', { ...draft.field('/body'), defaultValue: 'The answer' })
}

test('components with the hooks are rendered on a server, without a window', () => {
  expect('window' in globalThis).toBe(false)
  expect(renderToString(createElement(StrictMode, null, createElement(Message)))).toBe(
    '<textarea>The answer</textarea>',
  )
  expect(methods[0]).toBeTypeOf('function')
})
