/**
 * What a user outside of the clone gets: the published packages are packed and installed in an empty project from
 * their tarballs, then used there, from ESM, from CJS, from TypeScript and from the command line. Needs `npm run build`
 * before it and the package registry.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { matrix } from './install-matrix.js'
import { base, beside, collect, type Ended, env, expectOk, project, run, step, write } from './install-project.js'
import { ROWS } from './install-rows.js'
import { types } from './install-types.js'

const PUBLISHED = ['@flywheel/schema', '@flywheel/sdk', '@flywheel/cli']
const WEBPACK = '5.112.2'
const ZOD = '4.6.7'
const own = JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: Record<string, string> }
const sdk = JSON.parse(readFileSync('packages/sdk/package.json', 'utf8')) as typeof own

/** Packs what is published; the tarballs by name. */
function pack(): Map<string, string> {
  const tarballs = join(base, 'tarballs')
  mkdirSync(tarballs)
  const workspaces = PUBLISHED.flatMap((name) => ['-w', name])
  const report = execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', tarballs, ...workspaces],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  const packed = JSON.parse(report) as { name: string; filename: string; size: number; unpackedSize: number }[]
  for (const { name, size, unpackedSize } of packed) {
    console.log(`  ${name}: ${Math.round(size / 1000)} kB packed, ${Math.round(unpackedSize / 1000)} kB unpacked`)
  }
  return new Map(packed.map(({ name, filename }) => [name, `../tarballs/${filename}`]))
}

const NPM_INSTALL = ['install', '--no-audit', '--prefer-offline']
const typescriptSpec = `typescript@${own.devDependencies['typescript']}`
const ofSdk = (name: string): string => `${name}@${sdk.devDependencies[name]}`

/** All that is published, with the versions of openai and TypeScript that the repository uses. */
async function install(packed: Map<string, string>): Promise<void> {
  write('package.json', JSON.stringify({ name: 'consumer', version: '1.0.0', private: true }))
  const others = ['openai', 'react', '@types/react'].map(ofSdk)
  await expectOk('npm', [...NPM_INSTALL, ...packed.values(), ...others, typescriptSpec])
  const installed = await expectOk('npm', ['ls', '--all', '--parseable'])
  const ours = installed.stdout.split('\n').filter((line) => line.includes('@flywheel/'))
  assert.equal(ours.length, PUBLISHED.length, `only what is published may be installed:\n${ours.join('\n')}`)
}

/** The SDK and every provider's library, whose majors disagree about the zod that they would like to find. */
async function installBeside(packed: Map<string, string>): Promise<void> {
  write('package.json', JSON.stringify({ name: 'beside', version: '1.0.0', private: true }), beside)
  const names = new Set(ROWS.flatMap(({ imports }) => Object.keys(imports)))
  const others = [...names, 'esbuild'].filter((name) => !name.startsWith('@flywheel/')).map(ofSdk)
  // Every major that the SDK's own tests run has its row.
  const majors = Object.keys(sdk.devDependencies).filter((name) =>
    /^(openai|anthropic|genai|ai|ai-sdk-openai)(-\d+)?$|^@anthropic-ai\/sdk$|^@google\/genai$/.test(name),
  )
  assert.deepEqual(
    majors.filter((name) => !names.has(name)),
    [],
    'providers without a row in tools/install-rows.ts',
  )
  const tarball = packed.get('@flywheel/sdk') as string
  const args = ['--legacy-peer-deps', tarball, ...others, typescriptSpec, `webpack@${WEBPACK}`, `zod@${ZOD}`]
  await expectOk('npm', [...NPM_INSTALL, ...args], {}, beside)
}

/** The body of a program that wraps the real openai client, corrects the answer, and prints what was recorded. */
const PROGRAM = `
const server = http.createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({
    id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'stub',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello' } }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }))
})
async function main() {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const baseURL = 'http://127.0.0.1:' + server.address().port + '/v1'
  const transport = process.env.FLYWHEEL_URL === undefined ? memoryTransport() : undefined
  const flywheel = createFlywheel(transport === undefined ? {} : { transport })
  const openai = flywheel.wrap(new OpenAI({ apiKey: 'none', baseURL }))
  const turn = flywheel.turn({ user: 'u', task: 'reply' })
  const answer = await turn.run(() =>
    openai.chat.completions.create({ model: 'stub', messages: [{ role: 'user', content: 'Hi' }] }))
  if (answer.choices[0].message.content !== 'Hello') throw new Error('the answer was changed')
  flywheel.feedback.thumb(turn, 'up')
  const report = await flywheel.flush()
  server.close()
  console.log(JSON.stringify({ types: transport?.events.map(({ type }) => type), report }))
}
main()
`

async function javascript(): Promise<void> {
  write(
    'program.mjs',
    `import http from 'node:http'\nimport { createFlywheel } from '@flywheel/sdk'\nimport { memoryTransport } from '@flywheel/sdk/test'\nimport OpenAI from 'openai'\n${PROGRAM}`,
  )
  write(
    'program.cjs',
    `const http = require('node:http')\nconst { createFlywheel } = require('@flywheel/sdk')\nconst { memoryTransport } = require('@flywheel/sdk/test')\nconst { OpenAI } = require('openai')\n${PROGRAM}`,
  )
  for (const file of ['program.mjs', 'program.cjs']) {
    const { stdout, stderr } = await expectOk(process.execPath, [file])
    const { types, report } = JSON.parse(stdout) as { types: string[]; report: Record<string, unknown> }
    assert.deepEqual(types.sort(), ['feedback', 'interaction'], file)
    assert.equal(report['sent'], 2, `${file}: ${stdout}${stderr}`)
  }
  write(
    'schema.mjs',
    `import { decodeLine } from '@flywheel/schema'\nimport { SCHEMA_VERSION } from '@flywheel/schema/wire'\nconsole.log(typeof decodeLine, SCHEMA_VERSION)\n`,
  )
  assert.equal((await expectOk(process.execPath, ['schema.mjs'])).stdout, 'function 1\n')
}

/** Starts `flywheel up` and reads the one line that it prints. */
async function up(): Promise<{ child: ChildProcess; url: string; key: string }> {
  const args = ['up', '--data-dir', 'data', '--port', '0', '--json']
  // The bin itself and not npx: a signal has to reach the server.
  const bin = join(project, 'node_modules/.bin/flywheel')
  const child = spawn(bin, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = collect(child)
  const ended = once(child, 'exit')
  while (!isJson(text.stdout)) {
    const isOver = await Promise.race([ended, new Promise((go) => setTimeout(go, 50, null))])
    if (isOver !== null) throw new Error(`flywheel up ended early:\n${text.stdout}${text.stderr}`)
  }
  const { url, secret_key } = JSON.parse(text.stdout) as { url: string; secret_key: string }
  return { child, url, key: secret_key }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

async function commandLine(): Promise<void> {
  const { child, url, key } = await up()
  try {
    const flywheel = (...args: string[]): Promise<Ended> =>
      run('npx', ['--no-install', 'flywheel', ...args, '--data-dir', 'data'])
    const sent = await expectOk(process.execPath, ['program.mjs'], { FLYWHEEL_URL: url, FLYWHEEL_API_KEY: key })
    assert.equal((JSON.parse(sent.stdout) as { report: { sent: number } }).report.sent, 2, sent.stdout)

    const until = Date.now() + 20_000
    let listed: Ended
    do listed = await flywheel('list', '--format', 'jsonl')
    while (listed.stdout === '' && listed.code === 0 && Date.now() < until)
    assert.equal(listed.code, 0, listed.stderr)
    const rows = listed.stdout.trim().split('\n')
    assert.deepEqual([rows.length, (JSON.parse(rows[0] as string) as { task: string }).task], [1, 'reply'])

    // No consent was given: the worker runs, reads, and finds nothing that may be exported.
    const exported = await flywheel('export', 'run')
    assert.equal(exported.code, 5, exported.stdout + exported.stderr)
    assert.match(exported.stderr, /Nothing to export: .+/)
    // Written where the types were checked.
    assert.match(exported.stderr, /Recipe: flywheel\.recipe\.ts/)
    const unknown = await flywheel('show', '0199a0b0-0000-7000-8000-000000000001')
    assert.equal(unknown.code, 3, unknown.stderr)
  } finally {
    child.kill('SIGINT')
  }
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 0, 'flywheel up ends with 0 on Ctrl-C')
}

process.chdir(resolve(import.meta.dirname, '..'))
try {
  const packed = pack()
  await step('packed and installed', () => install(packed))
  await step('ESM and CJS programs', javascript)
  await step("the SDK installed with each provider's majors", () => installBeside(packed))
  await step('beside each of them as ESM, as CJS and bundled', matrix)
  await step('types of every subpath and wrapped client, under nodenext and bundler', types)
  await step('flywheel up, list, export run', commandLine)
} finally {
  rmSync(base, { recursive: true, force: true })
}
