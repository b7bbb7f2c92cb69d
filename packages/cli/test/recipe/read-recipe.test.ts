import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findRecipe } from '../../src/recipe/find-recipe.js'
import { readRecipe } from '../../src/recipe/read-recipe.js'
import { recipeOf } from '../../src/recipe/recipe-of.js'

const BIN = fileURLToPath(new URL('../../bin/flywheel.js', import.meta.url))
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-recipe-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

const refusal = async (name: string, text: string): Promise<string> => {
  const path = await write(name, text)
  const error = await readRecipe(path).then(
    () => null,
    (thrown: Error) => thrown,
  )
  expect(error?.message).toContain(path)
  return (error as Error).message
}

describe('a recipe file', () => {
  it('is TypeScript that may import a file beside it and @flywheel/cli, which nobody has installed here', async () => {
    await write('products.ts', 'export enum Product { Mail = "mail" }\nexport const budget: number = 500')
    const path = await write(
      'flywheel.recipe.ts',
      `import { basename } from 'node:path'
       import { defineRecipe, type Recipe } from '@flywheel/cli'
       import { budget, Product } from './products.ts'
       const own: Recipe = { selection: { budget, reserve: { rows: 2 } } }
       export default defineRecipe({ name: basename('a/replies'), filter: { task: Product.Mail }, ...own, split: undefined })`,
    )
    expect(await readRecipe(path)).toEqual({
      name: 'replies',
      filter: { task: 'mail' },
      selection: { budget: 500, reserve: { rows: 2 } },
    })
    expect(await readdir(folder)).toEqual(['flywheel.recipe.ts', 'products.ts'])
  })

  it.each(['ts', 'mts', 'js', 'mjs'])('ends in .%s', async (extension) => {
    const path = await write(
      `flywheel.recipe.${extension}`,
      `import { defineRecipe } from '@flywheel/cli'\nexport default defineRecipe({ name: await Promise.resolve('x') })`,
    )
    expect(await readRecipe(path)).toEqual({ name: 'x' })
  })

  it('is read anew after it was edited', async () => {
    const path = await write('flywheel.recipe.ts', `export default { name: 'one' }`)
    expect(await readRecipe(path)).toEqual({ name: 'one' })
    await write('flywheel.recipe.ts', `export default { name: 'two' }`)
    expect(await readRecipe(path)).toEqual({ name: 'two' })
  })

  it('may promise its recipe', async () => {
    const path = await write('a.ts', `export default Promise.resolve({ name: 'x' })`)
    expect(await readRecipe(path)).toEqual({ name: 'x' })
    expect(await refusal('b.ts', `export default Promise.reject(new Error('no such table'))`)).toContain(
      'no such table',
    )
  })

  it('is YAML or JSON by its name', async () => {
    expect(await readRecipe(await write('a.yaml', 'name: x\ncaps: {user: {share: 0.5}}'))).toEqual({
      name: 'x',
      caps: { user: { share: 0.5 } },
    })
    expect(await readRecipe(await write('a.json', '{"name":"x"}'))).toEqual({ name: 'x' })
  })

  it('that does not parse is named with the place', async () => {
    expect(await refusal('a.ts', `export default {\n  name: 'x'\n  targets: [] }`)).toMatch(/expected ",".*a\.ts:3:2$/)
    expect(await refusal('a.json', '{"name" "x"}')).toMatch(/is no JSON: .*position 8/)
    expect(await refusal('a.yaml', 'name: "x')).toMatch(/is no YAML: .*line 1, column 9/)
  })

  it('says what it lacks', async () => {
    expect(await refusal('a.ts', `export const recipe = { name: 'x' }`)).toContain('no default export')
    expect(await refusal('b.ts', `import { x } from 'not-there'\nexport default { x }`)).toMatch(
      /cannot be loaded: Cannot find module 'not-there'$/,
    )
    expect(await refusal('c.ts', `throw new Error('SHOP is not set')`)).toMatch(/cannot be loaded: SHOP is not set$/)
  })

  it('is an object of what JSON can say, because anything else would leave it without a word', async () => {
    for (const [value, problem] of [
      ['null', 'is no object'],
      ['[]', 'is no object'],
      ['"x"', 'is no object'],
      ['() => ({})', 'it is a function'],
      ['Promise.resolve(2)', 'is no object'],
      ['new Map()', 'it is a Map'],
      ['{ selection: { spread: ["task", () => 1] } }', 'selection.spread[1] is a function'],
      ['{ selection: { budget: Number("two") } }', 'selection.budget is NaN'],
      ['{ filter: { since: new Date(0) } }', 'filter.since is a Date'],
      ['{ targets: [undefined] }', 'targets[0] is undefined'],
      ['(() => { const own = {}; own.filter = { own }; return own })()', 'filter.own contains itself'],
    ])
      expect(await refusal('a.ts', `export default ${value}`)).toContain(problem)
  })

  it('that waits for what never comes is named, and does not end the command without a word', async () => {
    const ends = (text: string): Promise<{ code: number; stderr: string }> =>
      write('flywheel.recipe.ts', text).then(
        () =>
          new Promise((done) => {
            const env = { ...process.env, FLYWHEEL_URL: 'http://127.0.0.1:1', FLYWHEEL_API_KEY: 'any' }
            const child = execFile(process.execPath, [BIN, 'export', 'count'], { cwd: folder, env }, (_, __, stderr) =>
              done({ code: child.exitCode ?? -1, stderr }),
            )
          }),
      )
    for (const text of ['export default new Promise(() => {})', 'await new Promise(() => {})\nexport default {}'])
      expect(await ends(text)).toEqual({
        code: 2,
        stderr: 'The recipe flywheel.recipe.ts cannot be loaded: it waits for what never comes\n',
      })
  }, 60_000)

  it('that is CommonJS is refused by its name, and one with a byte order mark is read', async () => {
    expect(await refusal('a.cjs', 'module.exports = {}')).toContain('write it as an ES module')
    expect(await readRecipe(await write('a.json', '\uFEFF{"name":"x"}'))).toEqual({ name: 'x' })
  })

  it('that is not there is said to be looked for at the server by another flag', async () => {
    await expect(readRecipe(join(folder, 'nightly'))).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('--recipe-name'),
    })
  })
})

describe('the recipe of a folder', () => {
  it('is the one file of its name, and two are a question', async () => {
    await write('my.recipe.ts', 'export default {}')
    await write('flywheel.recipe.ts.orig', '')
    expect(await findRecipe(folder)).toBeNull()
    await write('flywheel.recipe.yaml', '')
    expect(await findRecipe(folder)).toBe('flywheel.recipe.yaml')
    await rm(join(folder, 'flywheel.recipe.yaml'))
    // Somebody meant it: without a word the default recipe would stand in its place.
    await write('flywheel.recipe.cjs', '')
    await expect(findRecipe(folder)).rejects.toThrow('flywheel.recipe.cjs is no recipe by its name')
    await rm(join(folder, 'flywheel.recipe.cjs'))
    await write('flywheel.recipe.yaml', '')
    await write('flywheel.recipe.mts', '')
    await expect(findRecipe(folder)).rejects.toThrow(
      'There are 2 recipes here, flywheel.recipe.mts and flywheel.recipe.yaml',
    )
  })

  it('is said where it was found, and left alone where flags say so', async () => {
    const before = process.cwd()
    const said: string[] = []
    const output = { say: (message: string) => void said.push(message) }
    try {
      process.chdir(folder)
      await write('flywheel.recipe.json', '{"name":"x"}')
      expect(await recipeOf({}, output)).toEqual({ recipe: { name: 'x' }, file: 'flywheel.recipe.json' })
      expect(said).toEqual(['Recipe: flywheel.recipe.json'])
      expect(await recipeOf({ recipe: false }, output)).toEqual({})
      expect(await recipeOf({ recipeName: 'nightly' }, output)).toEqual({ recipe: { stored: 'nightly' } })
      expect(said.length).toBe(1)
    } finally {
      process.chdir(before)
    }
  })
})
