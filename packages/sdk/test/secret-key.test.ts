import { afterEach, expect, test, vi } from 'vitest'
import type { Diagnostic } from '../src/diagnostics.js'
import { createFlywheel } from '../src/portable.js'
import { memoryTransport } from '../src/test-kit/index.js'

const SECRET = 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A'
const ID = '01890a5d-ac96-774b-bcce-b302099a8057'

afterEach(() => vi.unstubAllGlobals())
/** What the client of a server looks at to know that it is in a page. */
const page = (node: string | undefined) => {
  vi.stubGlobal('window', globalThis)
  vi.stubGlobal('document', {})
  vi.stubGlobal('process', { versions: { node } })
}
const client = (apiKey: string) => {
  const transport = memoryTransport()
  const codes: string[] = []
  const flywheel = createFlywheel({ apiKey, transport, onDiagnostic: ({ code }) => void codes.push(code) })
  return { transport, codes, flywheel }
}

test('a key that no header carries is not quoted by what is said about it', async () => {
  const said: unknown[] = []
  const onDiagnostic = ({ message, cause }: Diagnostic) => void said.push(message, String(cause))
  for (const apiKey of [SECRET.replace('_abc', '_abc\n'), SECRET.replace('_abc', '_abc\u{3bb}')]) {
    const flywheel = createFlywheel({ apiKey, url: 'http://127.0.0.1:1', onDiagnostic })
    flywheel.observe('step', () => 1)
    said.push((await flywheel.flush(100)).lastError?.message)
    await flywheel.shutdown(0)
  }
  expect(said.join()).toContain('no header carries')
  expect(said.join()).not.toContain('fw_sk_')
})

test('the client of a server does nothing with a secret key in a page, and says so', async () => {
  page(undefined)
  const { flywheel, transport, codes } = client(SECRET)
  expect(flywheel.turn().ticket).toBe('')
  expect(flywheel.ticket(ID)).toBe('')
  flywheel.feedback.thumb(ID, 'up')
  expect(flywheel.observe('step', () => 1)).toBe(1)
  await flywheel.flush()
  expect(transport.events).toEqual([])
  expect(codes).toEqual(['secret_key_in_browser'])
})

test('a public key in a page, and a secret one in a document that Node made (jsdom), work', async () => {
  page(undefined)
  const open = client('fw_pk_0123456789AB_x')
  open.flywheel.feedback.thumb(ID, 'up')
  page('20.20.0')
  const jsdom = client(SECRET)
  jsdom.flywheel.feedback.thumb(ID, 'up')
  for (const { flywheel, transport, codes } of [open, jsdom]) {
    await flywheel.flush()
    expect(transport.events).toHaveLength(1)
    expect(codes).toEqual([])
  }
  expect(jsdom.flywheel.ticket(ID)).toMatch(/^fwt1\./)
})
