import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { hang } from '../support/collector-stub.js'
import { until } from '../support/setup.js'
import { freshStubs } from '../support/stubs.js'

const host = fileURLToPath(new URL('../support/frozen-host.ts', import.meta.url))
const stubs = freshStubs()
let child: ChildProcess
afterEach(() => void child.kill('SIGKILL'))

function deploy(mode: string): void {
  const args = ['--conditions=@flywheel/source', '--import', 'tsx', host, stubs.collector.url, stubs.provider.url, mode]
  child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** Thaws the function for one request and freezes it at its end: no timer of it fires after that. */
async function invoke(user: string): Promise<void> {
  child.kill('SIGCONT')
  child.stdin?.write(`${user}\n`)
  const [text] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  child.kill('SIGSTOP')
  expect(text.toString()).toBe('Hello\n')
}
const arrived = () => stubs.collector.accepted.map((event) => event.type).sort()

test.each(['waitUntil', 'flush'])('a function that is frozen at its end has delivered, by %s', async (mode) => {
  deploy(mode)
  await invoke('a')
  expect(arrived()).toEqual(['feedback', 'interaction'])
  await invoke('b')
  expect(arrived()).toEqual(['feedback', 'feedback', 'interaction', 'interaction'])
})

test('with neither, what is left at the freeze goes with the next request’s', async () => {
  deploy('neither')
  await invoke('a')
  await sleep(600)
  expect(arrived()).toEqual([])
  await invoke('b')
  child.kill('SIGCONT')
  await until(() => stubs.collector.accepted.length === 4)
  expect(new Set(stubs.collector.accepted.map(({ id }) => id)).size).toBe(4)
})

test('a request that was frozen under way is repeated after the thaw with the same bytes', async () => {
  stubs.collector.queue.push(hang)
  deploy('neither')
  await invoke('a')
  child.kill('SIGCONT')
  await until(() => stubs.collector.requests.length === 1)
  child.kill('SIGSTOP')
  await sleep(1200)
  child.kill('SIGCONT')
  await until(() => stubs.collector.accepted.length === 2)
  expect(stubs.collector.requests[1]?.body).toEqual(stubs.collector.requests[0]?.body)
})
