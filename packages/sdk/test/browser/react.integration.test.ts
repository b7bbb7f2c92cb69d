import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openSite, type Site } from './page.js'

const TURN = '01890a5d-ac96-774b-bcce-b302099a8057'

let site: Site
beforeAll(async () => {
  site = await openSite(`
    import { StrictMode, useState } from 'react'
    import { createRoot } from 'react-dom/client'
    import { configureFeedback, ticketOf } from './browser/index.js'
    import { useDraft, useFeedback } from './react/index.js'

    export const codes = []
    configureFeedback({ onDiagnostic: ({ code }) => codes.push(code) })
    const identities = new Set()

    function Thumb({ message }) {
      const feedback = useFeedback(message)
      identities.add(feedback)
      const [, again] = useState(0)
      return <>
        <button id="up" onClick={() => feedback.thumb('up')}>up</button>
        <button id="none" onClick={() => feedback.thumb('none')}>none</button>
        <button id="again" onClick={() => again((n) => n + 1)}>again</button>
      </>
    }
    function Editor({ target }) {
      const [text, setText] = useState('The answer')
      const draft = useDraft(target, { ref: 'reply-7' })
      return <>
        <textarea id="field" value={text} onChange={(e) => setText(e.target.value)} {...draft.field('/body')} />
        <button id="send" onClick={() => draft.commit(text)}>send</button>
      </>
    }
    function App() {
      const [route, go] = useState('editor')
      return <>
        <button id="leave" onClick={() => go('elsewhere')}>leave</button>
        <button id="back" onClick={() => go('editor')}>back</button>
        {route === 'editor' && <Editor target={{ turn: '${TURN}' }} />}
      </>
    }
    const render = (element) => createRoot(document.getElementById('root')).render(<StrictMode>{element}</StrictMode>)
    export const mountThumb = (message) => render(<Thumb message={message} />)
    export const mountApp = () => render(<App />)
    export const mountEditor = (response) => render(<Editor target={ticketOf(response)} />)
    export const distinct = () => identities.size
  `)
})
afterAll(() => site.close())
beforeEach(() => site.reset())
const root = '<div id="root"></div>'

test('useFeedback speaks of the message: clicks repeated and rendered again give one state', async () => {
  const page = await site.open(
    root,
    `sdk.mountThumb({ id: 'm', metadata: { flywheel: { turn: '${TURN}', ticket: '' } } })`,
  )
  await page.locator('#up').click({ clickCount: 3 })
  await page.locator('#again').click()
  await page.locator('#up').click()
  await page.locator('#none').click()
  const events = await site.kinds('thumb', 'thumb')
  expect(events).toMatchObject([
    { target_kind: 'turn', target: TURN, label: 'up' },
    { target_kind: 'turn', target: TURN, label: 'none' },
  ])
  // StrictMode renders twice; it stays the same object when rendered again.
  expect(await page.evaluate('sdk.distinct()')).toBeLessThanOrEqual(2)
  await page.close()
})

test('a message with a ticket is spoken of by its ticket, one without metadata not at all', async () => {
  const page = await site.open(
    root,
    `sdk.mountThumb({ metadata: { flywheel: { turn: '${TURN}', ticket: 'fwt1.a.b' } } })`,
  )
  await page.locator('#up').click()
  const [event] = await site.kinds('thumb')
  expect(event).toMatchObject({ ticket: 'fwt1.a.b' })
  expect(event).not.toHaveProperty('target')
  await page.close()
  site.reset()
  const bare = await site.open(root, `sdk.mountThumb({ id: 'm' })`)
  await bare.locator('#up').click()
  expect(await bare.evaluate('sdk.codes')).toEqual(['invalid_target'])
  await bare.close()
})

test('mounting in StrictMode and leaving again tells nothing', async () => {
  const page = await site.open(root, 'sdk.mountApp()')
  await page.locator('#leave').click()
  await page.locator('#back').click()
  await page.locator('#field').waitFor()
  await page.close({ runBeforeUnload: true })
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(site.posts).toEqual([])
})

test('a draft survives a change of route: shown stays what it was, counts go on, and it is committed once', async () => {
  const page = await site.open(root, 'sdk.mountApp()')
  await page.locator('#field').press('End')
  await page.locator('#field').pressSequentially(' one')
  await page.locator('#leave').click()
  const [draft] = await site.kinds('correction')
  expect(draft).toMatchObject({ field: '/body', stage: 'draft', shown: 'The answer', kept: 'The answer one' })
  await page.locator('#back').click()
  await page.locator('#field').press('End')
  await page.locator('#field').pressSequentially(' two')
  await page.locator('#send').click({ clickCount: 2 })
  const events = await site.kinds('correction', 'correction', 'correction')
  expect(events.at(-1)).toMatchObject({
    stage: 'committed',
    shown: 'The answer',
    kept: 'The answer two',
    metadata: { keystrokes: '8' },
  })
  await page.close()
})

test('useDraft with the ticket of a response, and without one', async () => {
  const page = await site.open(
    root,
    `sdk.mountEditor(new Response('', { headers: { 'flywheel-ticket': 'fwt1.a.b' } }))`,
  )
  await page.locator('#send').click()
  expect(await site.kinds('verdict')).toMatchObject([{ ticket: 'fwt1.a.b', label: 'accept' }])
  await page.close()
  site.reset()
  const bare = await site.open(root, 'sdk.mountEditor(new Response())')
  await bare.locator('#field').pressSequentially('x')
  await bare.locator('#send').click()
  await bare.close({ runBeforeUnload: true })
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(site.posts).toEqual([])
})
