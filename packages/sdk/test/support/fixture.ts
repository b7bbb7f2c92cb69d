import { readdirSync, readFileSync } from 'node:fs'

const folder = (provider: string): URL => new URL(`../fixtures/${provider}/`, import.meta.url)

/** A body that is stored as JSON. */
export const bodyOf = (provider: string, name: string): unknown =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder(provider)), 'utf8'))

/** The frames of a stored transcript, each with its blank line. */
export const framesOf = (provider: string, name: string): string[] =>
  readFileSync(new URL(`${name}.sse`, folder(provider)), 'utf8').split(/(?<=\n\n)/)

/** Names of the stored bodies and transcripts of a provider. */
export const fixturesOf = (provider: string): string[] =>
  readdirSync(folder(provider)).filter((name) => /\.sse$|(?<!\.record)\.json$/.test(name))
