import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtDist } from '../support/built-dist.js'

let built: ReturnType<typeof builtDist>
beforeAll(() => {
  built = builtDist()
})
afterAll(() => built.remove())

const steps = `
const transport = memoryTransport()
const codes = []
renameSync(sender, sender + '.away')
const flywheel = createFlywheel({ transport, flushIntervalMs: 60000, onDiagnostic: ({ code, message }) => codes.push(code + ': ' + message) })
const record = () => flywheel.record({ outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'Hi' }] }] })
const ids = [record(), record()]
const first = await flywheel.flush(5000)
const waiting = flywheel.stats()
renameSync(sender + '.away', sender)
ids.push(record())
const second = await flywheel.flush(5000)
console.log(JSON.stringify({ first, waiting, second, codes, isSame: JSON.stringify(transport.events.map(({ id }) => id)) === JSON.stringify(ids) }))
`

test.each([
  [
    'ESM',
    'mjs',
    `import { renameSync } from 'node:fs'; import { createFlywheel } from './index.js'; import { memoryTransport } from './test.js'; const sender = new URL('./sender.js', import.meta.url).pathname; ${steps}`,
  ],
  [
    'CommonJS',
    'cjs',
    `const { renameSync } = require('node:fs'); const { createFlywheel } = require('./index.cjs'); const { memoryTransport } = require('./test.cjs'); const sender = require('node:path').join(__dirname, 'sender.cjs'); (async () => { ${steps} })()`,
  ],
])(
  '%s: a sender that cannot be loaded is said, events wait, and a later flush loads it',
  async (_name, extension, source) => {
    const path = join(built.path, `late.${extension}`)
    writeFileSync(path, source)
    writeFileSync(join(built.path, 'package.json'), '{"type":"module"}')
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--unhandled-rejections=strict', path])
    expect(stderr).toBe('')
    const { first, waiting, second, codes, isSame } = JSON.parse(stdout)
    expect(first).toMatchObject({ sent: 0, pending: 2, lastError: { code: 'sender_not_loaded' } })
    expect(waiting).toMatchObject({ created: 2, pending: 2, dropped: {} })
    expect(codes[0]).toBe('delivery_failed: the sender cannot be loaded')
    expect(second).toEqual({ sent: 3, pending: 0, dropped: 0, rejected: 0, lastError: null })
    expect(isSame).toBe(true)
  },
)
