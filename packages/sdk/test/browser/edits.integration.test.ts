import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../support/setup.js'
import { openSite, type Site } from './page.js'

const TURN = '01890a5d-ac96-774b-bcce-b302099a8057'
const target = { target_kind: 'turn', target: TURN }
const ANSWER = 'The answer'
const capture = (options = '{}') =>
  `const capture = sdk.captureEdits(document.getElementById('field'), { turn: '${TURN}' }, ${options})`
const textarea = `<textarea id="field">${ANSWER}</textarea><button id="other">x</button>`

let site: Site
beforeAll(async () => {
  site = await openSite(`
    export * from './browser/index.js'
    import { createElement, useState } from 'react'
    import { createRoot } from 'react-dom/client'
    import { useDraft } from './react/index.js'
    function Editor() {
      const [text, setText] = useState('')
      const draft = useDraft({ turn: '${TURN}' })
      // The answer arrives after the field is there, as a stream does.
      globalThis.arrive = () => setText('${ANSWER}')
      globalThis.commit = () => draft.commit(text)
      return createElement('textarea', { id: 'field', value: text, onChange: (e) => setText(e.target.value), ...draft.field() })
    }
    export const mount = () => createRoot(document.getElementById('root')).render(createElement(Editor))
  `)
})
afterAll(() => site.close())
beforeEach(() => site.reset())

const type = async (page: Page, text: string) => {
  await page.locator('#field').focus()
  await page.keyboard.press('Control+End')
  await page.keyboard.type(text)
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 500))

describe.each([
  ['a textarea', textarea, capture()],
  ['an input', `<input id="field" value="${ANSWER}"><button id="other">x</button>`, capture()],
  ['a contenteditable', `<div id="field" contenteditable>${ANSWER}</div><button id="other">x</button>`, capture()],
  [
    'a textarea inside an element',
    `<div id="field" tabindex="0">${textarea.replace('"field"', '"f"')}</div>`,
    capture(),
  ],
  ['a controlled textarea of React', '<div id="root"></div><button id="other">x</button>', 'sdk.mount()'],
])('%s', (name, html, script) => {
  const opened = async () => {
    const page = await site.open(html, script)
    if (name.includes('React')) {
      await page.locator('#field').waitFor()
      await page.evaluate('arrive()')
    }
    const focus = name.includes('inside') ? '#f' : '#field'
    await page.locator(focus).focus()
    await page.keyboard.press('Control+End')
    await page.keyboard.type(' is mine')
    return page
  }
  const draft = { ...target, kind: 'correction', stage: 'draft', shown: ANSWER, kept: `${ANSWER} is mine` }

  test('what was kept arrives when the tab is closed', async () => {
    const page = await opened()
    await page.close({ runBeforeUnload: true })
    const [event] = await site.kinds('correction')
    expect(event).toMatchObject(draft)
    expect(event?.metadata).toMatchObject({ keystrokes: '8', pastes: '0' })
  })

  test('and at blur, with the page still there', async () => {
    const page = await opened()
    await page.locator('#other').focus()
    expect(await site.kinds('correction')).toMatchObject([draft])
    await page.close()
  })
})

test('kept text arrives when the page is left for another', async () => {
  const page = await site.open(textarea, capture())
  await type(page, '!')
  await page.goto('about:blank')
  expect(await site.kinds('correction')).toMatchObject([{ stage: 'draft', kept: `${ANSWER}!` }])
  await page.close()
})

test('a draft is sent only when the text has changed, and taken back when the edit is', async () => {
  const page = await site.open(textarea, capture())
  await type(page, '!')
  for (let time = 0; time < 3; time++) {
    await page.locator('#other').focus()
    await page.locator('#field').focus()
  }
  await page.keyboard.press('ArrowLeft')
  await page.locator('#other').focus()
  await site.kinds('correction')
  await page.locator('#field').focus()
  await page.keyboard.press('Control+End')
  await page.keyboard.press('Backspace')
  await page.locator('#other').focus()
  const events = await site.kinds('correction', 'correction')
  expect(events[1]).toEqual({
    ...target,
    type: 'feedback',
    kind: 'correction',
    id: expect.any(String),
    schema_version: 1,
    session_id: events[0]?.session_id,
    retracts: events[0]?.id,
  })
  await page.close()
})

test('committed: what was kept, once, and drafts end', async () => {
  const page = await site.open(textarea, capture())
  await type(page, '!')
  await page.evaluate('capture.commit(); capture.commit()')
  await page.locator('#other').focus()
  await page.close({ runBeforeUnload: true })
  await settled()
  expect(await site.kinds('correction')).toMatchObject([{ stage: 'committed', shown: ANSWER, kept: `${ANSWER}!` }])
})

test('committed unchanged is an acceptance, also after an edit that was undone', async () => {
  const page = await site.open(textarea, capture())
  await page.evaluate('capture.commit(); capture.commit()')
  expect(await site.kinds('verdict')).toMatchObject([{ ...target, label: 'accept' }])
  await type(page, '!')
  await page.evaluate('capture.commit()')
  const edited = await site.kinds('verdict', 'correction', 'verdict')
  expect(edited.find(({ retracts }) => retracts)).toMatchObject({ kind: 'verdict', retracts: edited[0]?.id })
  await page.close()
})

test('an acceptance never vouches for a draft: the draft is taken back first', async () => {
  const page = await site.open(textarea, capture())
  await type(page, '!')
  await page.locator('#other').focus()
  await site.kinds('correction')
  await type(page, '')
  await page.keyboard.press('Backspace')
  await page.evaluate('capture.commit()')
  const [draft, ...rest] = await site.kinds('correction', 'correction', 'verdict')
  expect(rest).toMatchObject([
    { kind: 'correction', retracts: draft?.id },
    { kind: 'verdict', label: 'accept' },
  ])
  await page.close()
})

test('a form that is submitted commits, whatever handles it', async () => {
  const page = await site.open(
    `<form onsubmit="event.preventDefault()">${textarea.replace('id="other"', 'id="send"')}</form>`,
    capture(),
  )
  await type(page, '!')
  await page.locator('#send').click()
  const events = await site.kinds('correction', 'correction')
  expect(events.map(({ stage }) => stage)).toEqual(expect.arrayContaining(['draft', 'committed']))
  await page.close()
})

test('copies tell what was copied of the answer, and only that something was of the person’s own words', async () => {
  const page = await site.open(textarea, capture())
  await page.locator('#field').selectText()
  await page.keyboard.press('Control+c')
  await site.kinds('copy')
  await page.keyboard.type('my own words')
  await page.locator('#field').selectText()
  await page.keyboard.press('Control+c')
  const [first, second] = await site.kinds('copy', 'copy')
  expect(first).toMatchObject({ ...target, kept: ANSWER })
  expect(second).not.toHaveProperty('kept')
  await page.close()
})

test('an answer that is only shown tells of copies and can be accepted', async () => {
  const page = await site.open(`<p id="field">${ANSWER}</p>`, capture())
  await page.locator('#field').selectText()
  await page.keyboard.press('Control+c')
  await page.evaluate('capture.commit()')
  const events = await site.kinds('copy', 'verdict')
  expect(events.find(({ kind }) => kind === 'copy')).toMatchObject({ kept: ANSWER })
  await page.close()
})

test('what was typed and deleted is in no request, and no key ever is', async () => {
  const page = await site.open(textarea, capture())
  await type(page, 'canary-secret')
  await new Promise((resolve) => setTimeout(resolve, 2500))
  for (let press = 0; press < 'canary-secret'.length; press++) await page.keyboard.press('Backspace')
  await page.keyboard.type('!')
  await page.locator('#other').focus()
  await page.close({ runBeforeUnload: true })
  const [event] = await site.kinds('correction')
  await settled()
  expect(event?.metadata?.['keystrokes']).toBe('27')
  expect(site.posts.map(({ body }) => body).join()).not.toMatch(/canary|secret|Backspace/)
})

test('a long draft is sent while the person pauses, so that little is left for the end', async () => {
  const page = await site.open(`<textarea id="field">${'word '.repeat(3000)}</textarea>`, capture())
  await type(page, '!')
  await site.kinds('correction')
  await page.close()
})

test('an edit that begins before the part that watches edits has come is told all the same', async () => {
  site.lateMs = 1000
  const page = await site.open(textarea, capture())
  await type(page, '!')
  await new Promise((resolve) => setTimeout(resolve, 1200))
  await page.locator('#other').focus()
  expect(await site.kinds('correction')).toMatchObject([{ shown: ANSWER, kept: `${ANSWER}!` }])
  await page.close()
})

test('a password is never watched', async () => {
  const page = await site.open(`<input type="password" id="field" value="${ANSWER}">`, capture())
  await type(page, 'secret')
  await page.close({ runBeforeUnload: true })
  await settled()
  expect(site.posts.map(({ body }) => body).join()).not.toContain('secret')
})

test('a draft goes on where it was when its element is made anew', async () => {
  const page = await site.open('<div id="root"></div>', 'sdk.mount()')
  await page.locator('#field').waitFor()
  await page.evaluate('arrive()')
  await type(page, ' one')
  await page.evaluate(`document.getElementById('root').remove()`)
  await page.evaluate(
    `const next = document.createElement('textarea'); next.id = 'field'; next.value = '${ANSWER} one'
     document.body.append(next)
     const capture = sdk.captureEdits(next, { turn: '${TURN}' })
     globalThis.next = capture`,
  )
  await type(page, ' two')
  await page.evaluate('next.commit()')
  const events = await site.kinds('correction', 'correction')
  const committed = events.find(({ stage }) => stage === 'committed')
  expect(committed).toMatchObject({ shown: ANSWER, kept: `${ANSWER} one two` })
  expect(Number(committed?.metadata?.['keystrokes'])).toBeGreaterThanOrEqual(8)
  await page.close()
})

test('a ticket that was signed anew goes on with the draft, one for another answer begins its own', async () => {
  const ticket = (turn: string, signature: string) =>
    `fwt1.${Buffer.from(JSON.stringify({ k: 'k', t: 'turn', i: turn, c: 0, a: [], e: 9e9 })).toString('base64url')}.${signature}`
  const page = await site.open(
    textarea,
    `const draft = (ticket) => sdk.createDraft(ticket, { ref: 'reply' }).field().ref(document.getElementById('field'))
     draft('${ticket(TURN, 'one')}')`,
  )
  await type(page, '!')
  await page.evaluate(`draft('${ticket(TURN, 'two')}')`)
  await type(page, '?')
  await page.evaluate(`draft('${ticket(TURN.replace(/7$/, '8'), 'one')}')`)
  await type(page, '.')
  await page.locator('#other').focus()
  const events = await site.kinds('correction', 'correction', 'correction')
  expect(events.map(({ ticket }) => ticket?.slice(-3))).toEqual(['one', 'two', 'one'])
  expect(events.map(({ shown }) => shown)).toEqual([ANSWER, ANSWER, `${ANSWER}!?`])
  await page.close()
})

test('several fields are one draft: each changed one is told, and only all unchanged ones are an acceptance', async () => {
  const page = await site.open(
    `<input id="subject" value="Re"><textarea id="field">${ANSWER}</textarea>`,
    `const draft = sdk.createDraft({ turn: '${TURN}' })
     draft.field('/subject').ref(document.getElementById('subject'))
     draft.field('/body').ref(document.getElementById('field'))`,
  )
  await type(page, '!')
  await page.evaluate('draft.commit()')
  expect(await site.kinds('correction')).toMatchObject([{ field: '/body', kept: `${ANSWER}!`, stage: 'committed' }])
  await page.close()
})

test('half a character costs no event', async () => {
  const page = await site.open(textarea, capture())
  await page.evaluate(`capture.commit('cut \\ud83d\\0')`)
  expect(await site.kinds('correction')).toMatchObject([{ kept: 'cut \ufffd\ufffd' }])
  await page.close()
})

test('commit without a field says what the host kept', async () => {
  const page = await site.open('', `sdk.createDraft({ turn: '${TURN}' }, { shown: 'a' }).commit('b')`)
  expect(await site.kinds('correction')).toMatchObject([{ shown: 'a', kept: 'b', stage: 'committed' }])
  await until(() => site.posts.length === 1)
  await page.close()
})
