import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../bin/flywheel.js', import.meta.url))

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

let folder: string
let server: ChildProcess
let up: { url: string; secret_key: string; public_key: string }

function launch(args: string[], env: Record<string, string> = {}, cwd = folder): ChildProcess {
  const { FLYWHEEL_URL: _url, FLYWHEEL_API_KEY: _key, ...rest } = process.env
  return spawn(process.execPath, [bin, ...args], { cwd, env: { ...rest, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
}

async function flywheel(
  args: string[],
  options: { env?: Record<string, string>; cwd?: string; stdin?: string } = {},
): Promise<Ended> {
  const child = launch(args, options.env, options.cwd)
  const ended: Ended = { code: null, stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => {
    ended.stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    ended.stderr += chunk.toString()
  })
  child.stdin?.end(options.stdin ?? '')
  const [code] = await once(child, 'close')
  return { ...ended, code: code as number }
}

/** Starts `up` and reads the one line that it prints in a pipe. */
async function startServer(): Promise<{ child: ChildProcess; line: typeof up }> {
  const child = launch(['up', '--port', '0'])
  let text = ''
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const line = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`up ended with ${code}: ${complaint}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) resolve(text)
    })
  })
  return { child, line: JSON.parse(line) as typeof up }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-cli-'))
  const started = await startServer()
  server = started.child
  up = started.line
  const id = '0199a0b0-0000-7000-8000-000000000001'
  const event = {
    type: 'interaction',
    id: `${Date.now()
      .toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})(.{4})$/, '$1-$2')}-7000-8000-${id.slice(-12)}`,
    schema_version: 1,
    task: 'reply',
    messages: [{ role: 'user', parts: [{ type: 'text', content: 'Hello' }] }],
    outputs: [{ role: 'assistant', parts: [{ type: 'text', content: 'Good day.' }] }],
    status: 'ok',
  }
  await fetch(`${up.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${up.secret_key}` },
    body: JSON.stringify(event),
  })
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await flywheel(['list'])).stdout !== '') return
  }
})

afterAll(async () => {
  server.kill('SIGTERM')
  await rm(folder, { recursive: true, force: true })
})

describe('flywheel', () => {
  it('prints data on stdout and everything said to a person on stderr', async () => {
    const { code, stdout, stderr } = await flywheel(['list'])
    expect(code).toBe(0)
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { task: string })
    expect(rows.map((row) => row.task)).toEqual(['reply'])
    expect(stderr).toBe('')
  })

  it('writes tables and CSV where they are asked for', async () => {
    const table = await flywheel(['list', '--format', 'table'])
    expect(table.stdout).toMatch(/^ ?id\s+t\s+task/)
    expect(table.stdout).not.toContain('\u001b')
    const csv = await flywheel(['query', 'SELECT 1 AS x', '--format', 'csv'])
    expect(csv.stdout).toBe('"x"\n1\n')
  })

  it('shows one, and exits with 3 where there is none', async () => {
    const { id } = JSON.parse((await flywheel(['list'])).stdout) as { id: string }
    const shown = await flywheel(['show', id])
    expect(JSON.parse(shown.stdout)).toMatchObject({ id, feedback: [] })
    const none = await flywheel(['show', id.replace(/.$/, 'f')])
    expect([none.code, none.stdout]).toEqual([3, ''])
    expect(none.stderr).toMatch(/is not in this project/)
  })

  it('lets nobody with a public key move the cursor of a terminal', async () => {
    const { id } = JSON.parse((await flywheel(['list'])).stdout) as { id: string }
    const evil = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202eforged\nline'
    const feedback = {
      type: 'feedback',
      id: id.replace(/.$/, 'e'),
      schema_version: 1,
      kind: 'correction',
      target_kind: 'interaction',
      target: id,
      kept: evil,
      author_id: evil,
      session_id: evil,
    }
    await fetch(`${up.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${up.public_key}` },
      body: JSON.stringify(feedback),
    })
    let shown = ''
    for (let attempt = 0; attempt < 50 && !shown.includes('correction'); attempt++) {
      shown = (await flywheel(['show', id, '--format', 'table'])).stdout
    }
    expect(shown).toContain('forgedline')
    expect(shown).not.toMatch(/[^\P{Cc}\n]|\u202e/u)
    expect(shown).toContain('  Good day.')
  })

  it('reads SQL from an argument or stdin', async () => {
    expect((await flywheel(['query', 'SELECT count() AS n FROM interactions'])).stdout).toBe('{"n":1}\n')
    expect((await flywheel(['query', '-'], { stdin: 'SELECT 2 AS n' })).stdout).toBe('{"n":2}\n')
    expect((await flywheel(['query', 'DROP TABLE interactions'])).code).toBe(1)
  })

  it('exits with 4 where the key may not', async () => {
    const env = { FLYWHEEL_API_KEY: up.public_key }
    expect((await flywheel(['list'], { env })).code).toBe(4)
    expect((await flywheel(['list'], { env: { FLYWHEEL_API_KEY: 'nonsense' } })).code).toBe(4)
  })

  it('exits with 5 where there is nothing to export', async () => {
    const { code, stderr } = await flywheel(['export', 'run'])
    expect(code).toBe(5)
    expect(stderr).toMatch(/Nothing to export/)
  })

  it('takes the recipe of the folder, says which, and names it where the server refuses it', async () => {
    const cwd = await mkdtemp(join(folder, 'recipe-'))
    const run = () => flywheel(['export', 'run'], { cwd })
    const recipe = (keys: string) =>
      `import { defineRecipe } from '@flywheel/cli'\nexport default defineRecipe({ ${keys} })`
    await writeFile(join(cwd, 'flywheel.recipe.ts'), recipe("name: 'replies'"))
    expect(await run()).toMatchObject({ code: 5, stderr: expect.stringContaining('Recipe: flywheel.recipe.ts\n') })
    const { stdout } = await flywheel(['export', 'runs', '--limit', '1'])
    expect(JSON.parse(stdout)).toMatchObject({ recipe_name: 'replies', result: 'empty' })
    await writeFile(join(cwd, 'flywheel.recipe.ts'), recipe('selektion: {}'))
    expect(await run()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('flywheel.recipe.ts: The recipe is not valid: recipe: unknown key "selektion"'),
    })
    await writeFile(join(cwd, 'flywheel.recipe.yaml'), 'name: replies')
    expect(await run()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('2 recipes here') })
  })

  it('stores recipes with their versions, and runs one by its name', async () => {
    const put = (text: string) => flywheel(['recipe', 'put', 'nightly', '-'], { stdin: text })
    expect((await put('{"preset":"expert-2000"}')).code).toBe(0)
    expect(JSON.parse((await put('{"filter":{"task":"reply"}}')).stdout)).toMatchObject({ changed: true })
    const list = await flywheel(['recipe', 'list', '--format', 'table'])
    expect(list.stdout).toMatch(/nightly .* 2\n$/)
    const shown = await flywheel(['recipe', 'show', 'nightly', '--format', 'table'])
    expect(shown.stdout).toMatch(/"task": "reply"[\s\S]*\n\* [0-9a-f]{12} .*\n {2}[0-9a-f]{12} /)
    expect((await flywheel(['export', 'run', '--recipe-name', 'nightly'])).code).toBe(5)
    const { stdout } = await flywheel(['export', 'runs', '--limit', '1'])
    expect(JSON.parse(stdout)).toMatchObject({ recipe_name: 'nightly', result: 'empty' })
    expect((await flywheel(['recipe', 'delete', 'nightly'])).code).toBe(0)
    expect(await flywheel(['export', 'run', '--recipe-name', 'nightly'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('stores no recipe nightly; see flywheel recipe list'),
    })
  })

  it('exits with 1 where a file would not load, and 0 where it would', async () => {
    const user = [{ role: 'user', content: 'Hi' }]
    const row = {
      prompt: user,
      chosen: [{ role: 'assistant', content: 'a' }],
      rejected: [{ role: 'assistant', content: 'b' }],
    }
    await writeFile(join(folder, 'good.jsonl'), `${JSON.stringify(row)}\n`)
    await writeFile(join(folder, 'bad.jsonl'), `${JSON.stringify({ ...row, rejected: row.chosen })}\n`)
    expect((await flywheel(['export', 'validate', 'good.jsonl'])).code).toBe(0)
    const bad = await flywheel(['export', 'validate', 'bad.jsonl'])
    expect([bad.code, JSON.parse(bad.stdout).problems]).toEqual([
      1,
      [{ path: 'bad.jsonl', line: 1, row: 0, code: 'same_sides' }],
    ])
    expect((await flywheel(['export', 'validate', 'absent.jsonl'])).code).toBe(3)
  })

  it('takes a target by --target or --format, which the server refuses if it knows none of that name', async () => {
    for (const option of ['--target', '--format']) {
      expect((await flywheel(['export', 'run', option, 'openai'])).code).toBe(5)
      const refused = await flywheel(['export', 'run', option, 'trll'])
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringContaining('unknown target "trll"; use one of trl,'),
      ])
    }
    expect((await flywheel(['export', 'run', '--as-of', 'a'.repeat(64), '--target', 'trl'])).code).toBe(2)
    const short = await flywheel(['export', 'run', '--as-of', 'a1b'])
    expect(short).toMatchObject({ code: 1, stderr: expect.stringContaining('give 4 to 64 of its digits') })
    expect((await flywheel(['list', '--format', 'openai'])).code).toBe(2)
  })

  it('exits with 2 on a usage that is none', async () => {
    expect((await flywheel(['lits'])).code).toBe(2)
    expect((await flywheel(['list', '--since', 'yesterday'])).code).toBe(2)
    expect((await flywheel(['up', '--port', '99999'])).code).not.toBe(0)
  })

  it('makes, lists and revokes keys', async () => {
    const made = JSON.parse((await flywheel(['keys', 'create', '--name', 'ci', '--scope', 'read'])).stdout) as {
      id: string
      key: string
    }
    const env = { FLYWHEEL_API_KEY: made.key }
    expect((await flywheel(['list'], { env })).code).toBe(0)
    expect((await flywheel(['keys', 'list'])).stdout).toContain(made.id)
    expect((await flywheel(['keys', 'revoke', made.id])).code).toBe(0)
    expect((await flywheel(['list'], { env })).code).toBe(4)
  })

  it('lists, shows and replays dead letters, one with its line mended', async () => {
    const { id } = JSON.parse((await flywheel(['list'])).stdout) as { id: string }
    const target = { target_kind: 'interaction', target: id, ref: 'mail:1' }
    const event = { type: 'link', id: id.replace(/.$/, 'd'), schema_version: 1, ...target }
    // The store refuses a known key that stands twice.
    const broken = JSON.stringify(event).replace('"ref"', '"ref":"mail:0","ref"')
    await fetch(`${up.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${up.secret_key}` },
      body: broken,
    })
    const until = async (args: string[], part: string) => {
      let last = await flywheel(args)
      for (let k = 0; k < 50 && !last.stdout.includes(part); k++) last = await flywheel(args)
      return last.stdout
    }
    const letter = JSON.parse(await until(['dead-letters', 'list', '--state', 'open'], event.id)) as { id: string }
    const shown = await flywheel(['dead-letters', 'show', letter.id, '--format', 'table'])
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining(broken)])
    const dry = await flywheel(['dead-letters', 'replay', '--all', '--dry-run', '--format', 'table'])
    expect([dry.code, dry.stdout]).toEqual([0, '1 would be replayed in 1 record\n'])
    expect((await flywheel(['dead-letters', 'replay'])).code).toBe(1)
    const mended = ['dead-letters', 'replay', letter.id, '--with', '-']
    expect(await flywheel(mended, { stdin: JSON.stringify(event, null, 1) })).toMatchObject({ code: 0 })
    await until(['dead-letters', 'list', '--state', 'stored'], event.id)
    const again = await flywheel(['dead-letters', 'replay', letter.id, '--format', 'table'])
    expect([again.code, again.stdout]).toEqual([5, expect.stringContaining(`left: ${letter.id} (stored)`)])
    expect((await flywheel(['dead-letters', 'show', 'log/0:99/0'])).code).toBe(3)
  })

  it('declares consent', async () => {
    const { code, stdout } = await flywheel([
      'consent',
      'declare',
      '--purpose',
      'train',
      '--basis',
      'terms',
      '--applies-from',
      '1d',
    ])
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ purpose: 'train', label: 'granted', subject: 'default' }),
    ])
  })

  it('erases nobody without being told twice, and shows the receipt', async () => {
    expect(await flywheel(['erase'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--user <id> or') })
    const unasked = await flywheel(['erase', '--user', 'nobody'])
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('give --yes') })
    const erased = await flywheel(['erase', '--user', 'nobody', '--reason', 'ticket 9', '--yes', '--wait'])
    const receipt = JSON.parse(erased.stdout) as { id: string; state: string; limits: string[] }
    expect(receipt).toMatchObject({ state: 'final', reason: 'ticket 9', events: 0, exports: [] })
    const shown = await flywheel(['erasure', receipt.id, '--format', 'table'])
    expect(shown.stdout).toContain(`erasure ${receipt.id}: final`)
    expect(shown.stdout).toContain('not reached: What other people wrote')
    expect((await flywheel(['erasure', '00000000-0000-8000-8000-000000000000'])).code).toBe(3)
    expect(await flywheel(['export', 'withdraw'])).toMatchObject({ code: 0, stdout: '' })
    expect((await flywheel(['export', 'recipients', 'f'.repeat(64)])).code).toBe(3)
  })

  it('finds nothing wrong with a server that is well, and says what is wrong without one', async () => {
    const well = await flywheel(['doctor'])
    expect([well.code, well.stdout]).toEqual([0, expect.stringContaining('"accounting"')])
    const elsewhere = await flywheel(['doctor'], { env: { FLYWHEEL_URL: 'http://127.0.0.1:9' } })
    expect([elsewhere.code, elsewhere.stdout]).toEqual([1, expect.stringContaining('flywheel up starts a server')])
  })

  it('keeps the connection readable by its owner alone, and sends its key to no other server', async () => {
    const { mode } = await stat(join(folder, '.flywheel', 'cli.json'))
    expect(mode & 0o777).toBe(0o600)
    const below = join(folder, 'a', 'b')
    await mkdir(below, { recursive: true })
    expect((await flywheel(['list'], { cwd: below })).code).toBe(0)
    const other = await flywheel(['list', '--url', 'http://127.0.0.1:9'])
    expect([other.code, other.stderr]).toEqual([4, expect.stringContaining('No API key for http://127.0.0.1:9')])
  })

  it('says who has the directory when it is started twice', async () => {
    const second = await flywheel(['up', '--port', '0'])
    expect([second.code, second.stdout]).toEqual([1, ''])
    expect(second.stderr).toMatch(/is in use by process \d+\./)
    expect(second.stderr).not.toMatch(/\n\s+at /)
  })

  it('stops on SIGTERM with 0 and starts again with the same key', async () => {
    server.kill('SIGTERM')
    const [code] = await once(server, 'exit')
    expect(code).toBe(0)
    const again = await startServer()
    server = again.child
    expect(again.line.secret_key).toBeNull()
    expect(JSON.parse((await flywheel(['list'])).stdout)).toMatchObject({ task: 'reply' })
  })

  it('is killed with -9, and starts again', async () => {
    server.kill('SIGKILL')
    await once(server, 'exit')
    server = (await startServer()).child
    expect((await flywheel(['list'])).code).toBe(0)
  })
})
