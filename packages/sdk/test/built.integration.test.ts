import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtDist } from './support/built-dist.js'
import { ended } from './support/child.js'
import { type OpenAIStub, openaiStub } from './support/openai-stub.js'

const twoCopies = fileURLToPath(new URL('./support/two-copies.cjs', import.meta.url))
let built: ReturnType<typeof builtDist>
let dist: string
let stub: OpenAIStub
beforeAll(async () => {
  built = builtDist()
  dist = built.path
  stub = await openaiStub()
})
afterAll(async () => {
  built.remove()
  await stub.close()
})

test('an ESM and a CJS copy nest: one client, one context, one record (langfuse-js#878, dd-trace-js#6882)', async () => {
  const child = spawn(process.execPath, [twoCopies, dist, stub.url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const { code, stdout } = await ended(child)
  expect(code).toBe(0)
  const { isSame, isOneClient, ids, turn, events } = JSON.parse(stdout)
  expect([isSame, isOneClient]).toEqual([false, true])
  expect(ids[0]).toBe(ids[1])
  const byType = Object.fromEntries(events.map((event: { type: string }) => [event.type, event]))
  expect(events).toHaveLength(2)
  expect(byType['interaction']).toMatchObject({ id: ids[0], turn_id: turn, user_id: 'u', task: 't' })
  expect(byType['feedback']).toMatchObject({ target: turn, author_id: 'u' })
})

test('the edge build holds no Node module and the built files hold no dependency', () => {
  const imported = (file: string) => {
    const source = readFileSync(join(dist, file), 'utf8')
    return [...source.matchAll(/(?:from\s*|require\(|import\(|^import\s*)"([^"]+)"/gm)].map(
      (match) => match[1] as string,
    )
  }
  for (const file of readdirSync(dist).filter((file) => /^(portable|browser|react|openai)\.c?js$/.test(file))) {
    // Its own later files and nothing else.
    expect(imported(file).filter((name) => !name.startsWith('./') && name !== 'react')).toEqual([])
  }
  const node = imported('index.js')
  expect(node.length).toBeGreaterThan(0)
  const [local, built] = [(name: string) => name.startsWith('./'), [...node, ...imported('index.cjs')]]
  for (const name of built.filter(local)) expect(existsSync(join(dist, name))).toBe(true)
  for (const name of built.filter((name) => !local(name))) {
    expect(name).toMatch(/^node:/)
    expect(builtinModules).toContain(name.slice(5))
  }
})

test('the portable client signs, records and sends', async () => {
  const { createFlywheel } = (await import(join(dist, 'portable.js'))) as typeof import('../src/portable.js')
  const { memoryTransport } = (await import(join(dist, 'test.js'))) as typeof import('../src/test-kit/index.js')
  const transport = memoryTransport()
  const flywheel = createFlywheel({ transport, apiKey: 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A' })
  const turn = flywheel.turn({ user: 'u' })
  expect(turn.ticket).toMatch(/^fwt1\./)
  turn.run(() => flywheel.observe('step', () => 'text'))
  expect(await flywheel.flush()).toMatchObject({ sent: 1, pending: 0 })
  expect(transport.events).toMatchObject([{ turn_id: turn.id, user_id: 'u', has_text: true }])
})
