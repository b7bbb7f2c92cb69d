import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createUuidv7 } from '@flywheel/schema'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../bin/flywheel.js', import.meta.url))
const nextId = createUuidv7(Date.now, randomBytes)
let folder: string
let server: ChildProcess
let up: { url: string; secret_key: string }

function launch(args: string[]): ChildProcess {
  const { FLYWHEEL_URL: _url, FLYWHEEL_API_KEY: _key, ...env } = process.env
  return spawn(process.execPath, [bin, ...args], { cwd: folder, env })
}

async function flywheel(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = launch(args)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, stdout, stderr }
}

const message = (role: string, content: string): object => ({ role, parts: [{ type: 'text', content }] })

/** Answers with a correction each; two of the corrections change one word of many. */
function traffic(): object[] {
  return Array.from({ length: 6 }, (_, n) => {
    const id = nextId()
    const about = { type: 'feedback', schema_version: 1, target_kind: 'interaction', target: id }
    const author = { author_id: `u${n}`, author_kind: 'end_user' }
    const served = `Order ${n} left us this morning and arrives on day ${n} if the road over the pass stays open.`
    const kept = n < 2 ? served.replace('morning', 'evening') : `Order ${n} arrives on day ${n}. Sorry for the wait.`
    const interaction = {
      type: 'interaction',
      schema_version: 1,
      id,
      user_id: `u${n}`,
      session_id: `s${n}`,
      consent: { train: 'granted' },
      messages: [message('user', `When does order ${n} arrive?`)],
      outputs: [message('assistant', served)],
      status: 'ok',
      finish_reasons: ['stop'],
    }
    const correction = { ...about, ...author, id: nextId(), kind: 'correction', stage: 'committed', kept }
    return [interaction, correction]
  }).flat()
}

async function send(events: object[]): Promise<void> {
  const answer = await fetch(`${up.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${up.secret_key}`, 'content-type': 'application/x-ndjson' },
    body: events.map((event) => `${JSON.stringify(event)}\n`).join(''),
  })
  expect(answer.status).toBe(202)
  for (let attempt = 0; attempt < 300; attempt++) {
    const health = await fetch(`${up.url}/v1/health`, { headers: { authorization: `Bearer ${up.secret_key}` } })
    if (((await health.json()) as { backlog: { records: number } }).backlog.records === 0) return
    await new Promise((done) => setTimeout(done, 100))
  }
}

const recipe = {
  strategies: ['edit.final'],
  settling: { committed_ms: 0, draft_ms: 0, late_feedback_ms: 0 },
  split: { validation: 0 },
}
let sent: object[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-diff-'))
  await writeFile(join(folder, 'wide.json'), JSON.stringify({ ...recipe, name: 'wide' }))
  const strict = { ...recipe, name: 'strict', edit: { min_distance: 0.2 } }
  await writeFile(join(folder, 'strict.json'), JSON.stringify(strict))
  server = launch(['up', '--port', '0'])
  const [line] = (await once(server.stdout!, 'data')) as [Buffer]
  up = JSON.parse(line.toString()) as typeof up
  sent = traffic()
  await send(sent)
})
afterAll(async () => {
  server.kill('SIGTERM')
  await once(server, 'exit')
  await rm(folder, { recursive: true, force: true })
})

describe('two exports of a running server', () => {
  it('are counted before, run, and compared by the beginnings of their ids', async () => {
    const counted = await flywheel('export', 'count', '--recipe', 'wide.json')
    expect(counted.code, counted.stderr).toBe(0)
    expect(JSON.parse(counted.stdout)).toMatchObject({ pairs: 6, splits: { train: 6 }, nothing: null })
    const run = async (name: string): Promise<{ export_id: string; pairs: number; dir: string }> =>
      JSON.parse((await flywheel('export', 'run', '--recipe', name)).stdout)
    const a = await run('wide.json')
    const copy = join(folder, 'copy')
    await cp(a.dir, copy, { recursive: true })
    // Somebody edits once more what they kept, and one edit is too small for the stricter recipe.
    const edited = sent.at(-1) as { id: string }
    await send([{ ...edited, id: nextId(), kept: 'Order 5 arrives on day 6, the postage is on us.' }])
    const b = await run('strict.json')
    expect([a.pairs, b.pairs]).toEqual([6, 4])

    const diff = await flywheel('export', 'diff', a.export_id.slice(0, 12), b.export_id.slice(0, 12))
    expect(diff.code, diff.stderr).toBe(0)
    expect(JSON.parse(diff.stdout)).toMatchObject({
      rows: { same: 3, added: 1, gone: 3, changed: 0, moved: 0 },
      reasons: [
        { change: 'added', reason: 'not_there_yet', rows: 1 },
        { change: 'gone', reason: 'taken_by_gate', rows: 2, gates: [{ gate: 'edit_bounds', reason: 'cosmetic' }] },
        { change: 'gone', reason: 'replaced', rows: 1 },
      ],
      causes: { recipe: [{ path: 'edit.min_distance', a: 0.02, b: 0.2 }, { path: 'name' }], code: [] },
    })
    const rows = await flywheel('export', 'diff', copy, b.dir, '--rows')
    expect(rows.stdout.trim().split('\n')).toHaveLength(4)
    const none = await flywheel('export', 'diff', copy, 'f'.repeat(64))
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('see flywheel export list')])
  })

  it('are not counted where a gate would take everything: exit 5, and what mends it', async () => {
    await writeFile(join(folder, 'licensed.json'), JSON.stringify({ ...recipe, purpose: 'license' }))
    const { code, stdout, stderr } = await flywheel('export', 'count', '--recipe', 'licensed.json')
    expect(code).toBe(5)
    expect(JSON.parse(stdout)).toMatchObject({ pairs: 0, nothing: { gate: 'consent' } })
    expect(stderr).toContain('flywheel consent declare --purpose license')
  })
})
