import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtDist } from './support/built-dist.js'

const AT_MOST_MS = 8
/** A busy machine makes CPU dearer and never cheaper, so the least of a few counts; a regression stays in all of them. */
const ATTEMPTS = 30
let built: ReturnType<typeof builtDist>
let dist: string

beforeAll(() => {
  built = builtDist()
  dist = built.path
  writeFileSync(join(dist, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(dist, 'empty.js'), '')
  writeFileSync(join(dist, 'empty.cjs'), '')
  const measure = (load: string) =>
    `const before = process.cpuUsage(); ${load}; const { user, system } = process.cpuUsage(before); console.log((user + system) / 1000)`
  writeFileSync(join(dist, 'measure.js'), measure('await import(process.argv[2])'))
  writeFileSync(join(dist, 'measure.cjs'), measure('require(process.argv[2])'))
})
afterAll(() => built.remove())

/** Ms of CPU in a new process. */
function importMs(extension: string, name: string): number {
  const args = [join(dist, `measure${extension}`), join(dist, `${name}${extension}`)]
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

test.each([
  ['ESM', '.js'],
  ['CJS', '.cjs'],
])('importing the built SDK as %s costs at most 8 ms of CPU more than an empty module', (_format, extension) => {
  const [empty, own]: [number[], number[]] = [[], []]
  const added = () => Math.min(...own) - Math.min(...empty)
  do {
    empty.push(importMs(extension, 'empty'))
    own.push(importMs(extension, 'index'))
  } while (own.length < 5 || (added() > AT_MOST_MS && own.length < ATTEMPTS))
  expect(Math.min(...empty)).toBeGreaterThan(0)
  expect(added()).toBeGreaterThan(0)
  expect(added()).toBeLessThanOrEqual(AT_MOST_MS)
})
