import { readFile } from 'node:fs/promises'
import { CliError, EXIT } from '../exit.js'
import { readStdin } from '../stdin.js'
import { notJson } from './not-json.js'

/** A recipe as its file says it; the server reads the keys. */
export type WrittenRecipe = Record<string, unknown>

/**
 * Reads a recipe file as its name ends: code (`.ts`, `.mts`, `.js`, `.mjs`), YAML (`.yaml`, `.yml`), else JSON. `-` is
 * JSON on stdin.
 * @throws CliError naming the file: `notFound` where there is none, `usage` where it is no object of plain values
 */
export async function readRecipe(path: string): Promise<WrittenRecipe> {
  const text = await textOf(path)
  const recipe = await understand(path, text)
  const problem = notJson(recipe)
  if (problem !== null) {
    throw new CliError(EXIT.usage, `The recipe ${path} is no plain object: ${problem}; use what JSON can say`)
  }
  if (typeof recipe === 'object' && recipe !== null && !Array.isArray(recipe)) return recipe as WrittenRecipe
  throw new CliError(EXIT.usage, `The recipe ${path} is no object; give one with the keys of a recipe`)
}

async function textOf(path: string): Promise<string> {
  try {
    return path === '-' ? await readStdin() : await readFile(path, 'utf8')
  } catch (cause) {
    const hint = 'give the path of a file, or a recipe that the server stores by --recipe-name'
    throw new CliError(EXIT.notFound, `The recipe ${path} cannot be read; ${hint}`, { cause })
  }
}

async function understand(path: string, text: string): Promise<unknown> {
  // Each is loaded only where such a file is read.
  if (/\.m?[jt]s$/.test(path)) return (await import('./import-recipe.js')).importRecipe(path)
  if (/\.(?:c[jt]s|[jt]sx)$/.test(path)) {
    const message = `The recipe ${path} is no recipe by its name; write it as an ES module (.ts, .mts, .js, .mjs), YAML or JSON`
    throw new CliError(EXIT.usage, message)
  }
  const isYaml = /\.ya?ml$/.test(path)
  try {
    return isYaml
      ? ((await import('yaml')).parse(text) as unknown)
      : (JSON.parse(text.replace(/^\uFEFF/, '')) as unknown)
  } catch (cause) {
    const message = (cause as Error).message.replaceAll(/\s+/g, ' ').trim()
    throw new CliError(EXIT.usage, `The recipe ${path} is no ${isYaml ? 'YAML' : 'JSON'}: ${message}`, { cause })
  }
}
