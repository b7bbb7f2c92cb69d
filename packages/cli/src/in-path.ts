import { CliError, EXIT } from './exit.js'

/**
 * A name or an id as one segment of a path. The typed client puts it there as it is, and `../keys/ID` as the name of a recipe
 * would ask for a key.
 * @throws CliError `usage` for what is no segment
 */
export function inPath(segment: string): string {
  if (/^\.{0,2}$/.test(segment))
    throw new CliError(EXIT.usage, `"${segment}" is no name and no id; see the list of them`)
  return encodeURIComponent(segment)
}
