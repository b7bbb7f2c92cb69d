/** The packed SDK beside each provider's major: as ESM, as CJS, bundled by esbuild and by webpack. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beside, expectOk, write } from './install-project.js'
import { ROWS, type Row } from './install-rows.js'
import { providers } from './install-stub.js'

const FLYWHEEL = { '@flywheel/sdk': ['createFlywheel'], '@flywheel/sdk/test': ['memoryTransport'] }

function program(row: Row, format: 'esm' | 'cjs'): string {
  const imports = Object.entries({ ...FLYWHEEL, ...row.imports }).map(([name, names]) =>
    format === 'esm'
      ? `import { ${names.join(', ')} } from '${name}'`
      : `const { ${names.join(', ')} } = require('${name}')`,
  )
  return `${imports.join('\n')}
async function calls(flywheel, url) {${row.calls}
}
async function main() {
  const transport = memoryTransport()
  const diagnostics = []
  const onDiagnostic = ({ code, message }) => diagnostics.push(code + ': ' + message)
  const flywheel = createFlywheel({ transport, onDiagnostic, ${row.options ?? ''} })
  const answers = await calls(flywheel, process.argv[2])
  const report = await flywheel.flush()
  console.log(JSON.stringify({ answers, events: transport.events, sent: report.sent, diagnostics }))
}
main()
`
}

interface Printed {
  answers: string[]
  events: { type: string; status: string; provider: string; outputs: unknown }[]
  sent: number
  diagnostics: string[]
}

async function check(row: Row, form: string, file: string, url: string, cwd: string = beside): Promise<void> {
  const { stdout } = await expectOk(process.execPath, [file, url], {}, cwd)
  const { answers, events, sent, diagnostics } = JSON.parse(stdout.trim().split('\n').at(-1) as string) as Printed
  const seen = events.map(({ type, status, provider, outputs }) => [
    type,
    status,
    provider,
    JSON.stringify(outputs).includes('"Hello"'),
  ])
  const expected = ['interaction', 'ok', row.provider, true]
  assert.deepEqual(
    { answers, seen, sent, diagnostics },
    { answers: ['Hello', 'Hello'], seen: [expected, expected], sent: 2, diagnostics: [] },
    `${row.name} as ${form}: ${stdout}`,
  )
}

const fileOf = (row: Row): string => row.name.replace(/\W+/g, '-').replace(/^-/, '')

/** Two at a time: the check is mostly starts of Node. */
async function each(body: (row: Row) => Promise<void>): Promise<void> {
  const rows = [...ROWS]
  const worker = async () => {
    for (let row = rows.shift(); row; row = rows.shift()) await body(row)
  }
  await Promise.all([worker(), worker()])
}

const BUNDLE_ESBUILD = `
import { build } from 'esbuild'
const [format, ...files] = process.argv.slice(2)
const js = format === 'esm' ? "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" : ''
const extension = format === 'esm' ? '.mjs' : '.cjs'
await build({
  entryPoints: files, bundle: true, minify: true, platform: 'node', target: 'node20', format, banner: { js },
  outdir: 'esbuild-' + format, outExtension: { '.js': extension }, logLevel: 'error',
})
`

const BUNDLE_WEBPACK = `
import webpack from 'webpack'
const files = process.argv.slice(2)
const entry = Object.fromEntries(files.map((file) => [file.replace(/\\.\\w+$/, ''), './' + file]))
webpack({
  mode: 'production', target: 'node20', context: process.cwd(), entry, devtool: false,
  // Minifying is not what is tried here, and takes longer than all of the rest.
  optimization: { minimize: false },
  output: { path: process.cwd() + '/webpack', filename: '[name].cjs', chunkFilename: 'chunk-[id].cjs' },
}, (error, stats) => {
  if (error || stats.hasErrors()) { console.error(error ?? stats.toString('errors-only')); process.exit(1) }
  console.log(JSON.stringify(stats.toJson({ all: false, warnings: true }).warnings))
})
`

/** Bundled programs run where no package is installed: what was not bundled would not be found. */
async function alone(folder: string, body: (folder: string) => Promise<void>): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'flywheel-bundled-'))
  try {
    cpSync(join(beside, folder), join(place, folder), { recursive: true })
    await body(join(place, folder))
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

export async function matrix(): Promise<void> {
  const { url, close } = await providers()
  try {
    for (const row of ROWS) {
      write(`${fileOf(row)}.mjs`, program(row, 'esm'), beside)
      write(`${fileOf(row)}.cjs`, program(row, 'cjs'), beside)
    }
    const files = ROWS.map((row) => `${fileOf(row)}.mjs`)
    await each((row) => check(row, 'ESM', `${fileOf(row)}.mjs`, url))
    await each((row) => check(row, 'CJS', `${fileOf(row)}.cjs`, url))
    write('bundle-esbuild.mjs', BUNDLE_ESBUILD, beside)
    for (const [format, extension] of [
      ['esm', '.mjs'],
      ['cjs', '.cjs'],
    ] as const) {
      await expectOk(process.execPath, ['bundle-esbuild.mjs', format, ...files], {}, beside)
      await alone(`esbuild-${format}`, (folder) =>
        each((row) => check(row, `esbuild ${format}`, `${fileOf(row)}${extension}`, url, folder)),
      )
    }
    write('bundle-webpack.mjs', BUNDLE_WEBPACK, beside)
    await expectOk(process.execPath, ['bundle-webpack.mjs', ...files], {}, beside)
    const chunks = readdirSync(join(beside, 'webpack')).filter((file) => file.startsWith('chunk-'))
    assert.ok(
      chunks.length > 0,
      "webpack made no chunk of what the SDK loads later: what was tried was not the SDK's way",
    )
    await alone('webpack', (folder) => each((row) => check(row, 'webpack', `${fileOf(row)}.cjs`, url, folder)))
    console.log(
      `  ${ROWS.map(({ name }) => name).join(', ')}: ESM, CJS, esbuild to ESM and CJS, webpack (${chunks.length} chunks)`,
    )
  } finally {
    close()
  }
}
