import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { assertVersionsFit, SPOKEN, type VersionRange } from '../../src/kafka/api-versions.js'

const require = createRequire(import.meta.url)
const { requests } = require('kafkajs/src/protocol/requests') as { requests: Record<string, { versions: string[] }> }

/** As a broker offers that speaks exactly what is needed, with changes. */
function offered(changes: Record<number, VersionRange | undefined> = {}): Record<number, VersionRange> {
  const all: Record<number, VersionRange | undefined> = {}
  for (const { apiKey, minVersion, maxVersion } of Object.values(SPOKEN)) {
    const other = all[apiKey]
    all[apiKey] = {
      minVersion: Math.min(minVersion, other?.minVersion ?? minVersion),
      maxVersion: Math.max(maxVersion, other?.maxVersion ?? maxVersion),
    }
  }
  const entries = Object.entries({ ...all, ...changes })
  return Object.fromEntries(entries.filter((entry): entry is [string, VersionRange] => entry[1] !== undefined))
}

describe('versions of requests', () => {
  it('the table says what the installed kafkajs speaks', () => {
    for (const [name, { minVersion, maxVersion }] of Object.entries(SPOKEN)) {
      if (name === 'Metadata with topic ids') continue
      const spoken = requests[name === 'FindCoordinator' ? 'GroupCoordinator' : name]?.versions.map(Number) ?? []
      expect({ name, max: Math.max(...spoken) }).toEqual({ name, max: maxVersion })
      expect(spoken).toContain(minVersion)
    }
  })

  it('a broker that fits passes', () => {
    expect(() => assertVersionsFit(offered())).not.toThrow()
  })

  it('a broker that has dropped or lacks a version is refused with a sentence that names it', () => {
    expect(() => assertVersionsFit(offered({ 0: { minVersion: 8, maxVersion: 13 } }))).toThrow(
      'Produce (offered 8 to 13, needed 3 to 7)',
    )
    expect(() => assertVersionsFit(offered({ 3: { minVersion: 0, maxVersion: 8 } }))).toThrow('Metadata with topic ids')
    expect(() => assertVersionsFit(offered({ 22: undefined }))).toThrow('InitProducerId (not offered')
  })
})
