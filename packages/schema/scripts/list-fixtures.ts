import { writeFileSync } from 'node:fs'
import { brokenRows, fixtureSums } from './fixture-sums.js'
import { FIXTURES, readFixtures, readSums } from './read-fixtures.js'

const fixtures = readFixtures()
const broken = brokenRows(readSums(), fixtures)
if (broken.length > 0) {
  console.error(`fixtures are append-only; these listed lines changed or went missing:\n${broken.join('\n')}`)
  process.exitCode = 1
} else {
  writeFileSync(new URL('SHA256SUMS', FIXTURES), `${fixtureSums(fixtures).join('\n')}\n`)
}
