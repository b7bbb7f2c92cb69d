/** What TypeScript sees of the packed SDK: every subpath, both module kinds, nodenext and bundler, every provider. */
import { beside, expectOk, project, write } from './install-project.js'
import { ROWS } from './install-rows.js'

const TYPED = `
import { createFlywheel, type Flywheel, type Turn } from '@flywheel/sdk'
import OpenAI from 'openai'

const flywheel: Flywheel = createFlywheel({ consent: { train: 'granted' }, consentBasis: 'terms' })
const openai: OpenAI = flywheel.wrap(new OpenAI())
const turn: Turn = flywheel.turn({ user: 'u', session: 's', task: 'reply' })
export async function draft(): Promise<string | null | undefined> {
  const answer = await turn.run(() => openai.chat.completions.create({ model: 'm', messages: [] }))
  flywheel.feedback.correct(turn, 'What was sent', { ref: 'mail:1' })
  // @ts-expect-error a thumb is up or down
  flywheel.feedback.thumb(turn, 'sideways')
  // @ts-expect-error neither granted nor denied
  createFlywheel({ consent: { train: 'maybe' } })
  return answer.choices[0]?.message.content
}
`

const SUBPATHS = ['', '/browser', '/react', '/ai', '/test', '/redact', '/spool']
const declarations = SUBPATHS.map(
  (path, index) => `import * as sdk${index} from '@flywheel/sdk${path}'\nexport { sdk${index} }\n`,
).join('')

/** A wrapped client is of the very type that it was, not of one that it can be assigned to. */
const same = (client: string, index: number): string => `
const client${index} = ${client}
const wrapped${index} = flywheel.wrap(client${index})
export const same${index}: Same<typeof wrapped${index}, typeof client${index}> = true
const unwrapped${index} = flywheel.unwrap(wrapped${index})
export const back${index}: Same<typeof unwrapped${index}, typeof client${index}> = true
`

/** Every row in one program, each imported name with the row's number. */
const BESIDE = `
import { createFlywheel } from '@flywheel/sdk'
${ROWS.flatMap((row, index) => {
  if (row.client === undefined && row.typed === undefined) return []
  return Object.entries(row.imports).map(([name, names]) => {
    return `import { ${names.map((each) => `${each} as ${each}${index}`).join(', ')} } from '${name}'`
  })
}).join('\n')}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const flywheel = createFlywheel()
${ROWS.map(({ client, typed = '' }, index) => {
  const numbered = (source: string) => source.replaceAll('%', String(index))
  return client === undefined ? numbered(typed) : same(numbered(client), index)
}).join('\n')}
// @ts-expect-error what is compared differs when the types differ
export const differs: Same<{ a?: string }, { a?: string | undefined }> = true
`

const NODENEXT = { module: 'nodenext' }
const BUNDLER = { module: 'esnext', moduleResolution: 'bundler' }
const STRICT = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  target: 'es2022',
  lib: ['es2022', 'dom', 'dom.asynciterable'],
  types: [],
}

async function compile(cwd: string, compilerOptions: object, files: readonly string[]): Promise<void> {
  write('tsconfig.json', JSON.stringify({ compilerOptions: { ...STRICT, ...compilerOptions }, files }), cwd)
  await expectOk(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], {}, cwd)
}

export async function types(): Promise<void> {
  write('esm.mts', TYPED)
  write('cjs.cts', TYPED)
  write(
    'schema.mts',
    `import type { FlywheelEvent } from '@flywheel/schema/wire'\nimport { ERRORS } from '@flywheel/schema'\nexport const status: number = ERRORS.draining.httpStatus\nexport type One = FlywheelEvent['type']\n`,
  )
  write(
    'flywheel.recipe.ts',
    `import { defineRecipe } from '@flywheel/cli'\nexport default defineRecipe({ name: 'replies', preset: 'expert-2000', targets: ['openai'] })\n`,
  )
  const esmOnly = `import '@flywheel/schema'\nimport '@flywheel/schema/wire'\nimport '@flywheel/cli'\n`
  write('declarations.mts', `${esmOnly}${declarations}`)
  write('declarations.cts', declarations)
  // A declaration that imports what is not installed is an error of the one who installed it: ours are checked whole,
  // those of the providers are not ours.
  await compile(project, NODENEXT, ['declarations.mts', 'declarations.cts'])
  await compile(project, BUNDLER, ['declarations.mts', 'declarations.cts'])
  const typed = ['esm.mts', 'cjs.cts', 'schema.mts', 'flywheel.recipe.ts']
  await compile(project, { ...NODENEXT, skipLibCheck: true }, typed)
  await compile(project, { ...BUNDLER, skipLibCheck: true }, typed)
  write('beside.mts', BESIDE, beside)
  write('beside.cts', BESIDE, beside)
  for (const kind of [NODENEXT, BUNDLER])
    await compile(beside, { ...kind, skipLibCheck: true }, ['beside.mts', 'beside.cts'])
}
