import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createJiti } from 'jiti'
import { defineRecipe } from '../define-recipe.js'
import { CliError, EXIT } from '../exit.js'

/**
 * Runs a recipe file of TypeScript or JavaScript and returns its default export, or what that promises. It may import what is installed
 * beside it; `@flywheel/cli` is this command itself, so that it needs no installation.
 * @throws CliError `usage` naming the file, where it does not load or has no default export
 */
export async function importRecipe(path: string): Promise<unknown> {
  const file = resolve(path)
  const jiti = createJiti(pathToFileURL(file).href, {
    // An edited file is read anew, and nothing of it is left on the disk.
    fsCache: false,
    moduleCache: false,
    // Without it a file of named exports would pass for a default one.
    interopDefault: false,
    virtualModules: { '@flywheel/cli': { defineRecipe } },
  })
  try {
    const loaded = await orNever(jiti.import<{ default?: unknown }>(file))
    if ('default' in loaded) return await orNever(Promise.resolve(loaded.default))
  } catch (cause) {
    throw new CliError(EXIT.usage, `The recipe ${path} cannot be loaded: ${reasonOf(cause)}`, { cause })
  }
  const message = `The recipe ${path} has no default export; write: export default defineRecipe({ … })`
  throw new CliError(EXIT.usage, message)
}

/** A promise that nothing is left to settle would end the process without a word. */
async function orNever<Value>(promise: Promise<Value>): Promise<Value> {
  let onIdle = (): void => {}
  const idle = new Promise<never>((_, reject) => {
    onIdle = () => reject(new Error('it waits for what never comes'))
  })
  process.once('beforeExit', onIdle)
  try {
    return await Promise.race([promise, idle])
  } finally {
    process.off('beforeExit', onIdle)
  }
}

/** In one line: of a parser the place too, of a module that is missing not who asked for it. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  const [said] = message.split('\nRequire stack:')
  return (said ?? message)
    .replace(/^ParseError: /, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}
