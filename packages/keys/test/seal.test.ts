import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMasterSecret, rowKey, seal, subjectHmac, unseal } from '../src/index.js'

const master = createMasterSecret('correct horse battery staple, twice over')
const other = createMasterSecret('correct horse battery staple, twice ovER')

describe('seal', () => {
  test('unseal gives the bytes back, and two seals of the same bytes differ', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const sealed = seal(master, bytes)
        expect(new Uint8Array(unseal(master, sealed))).toEqual(bytes)
        expect(seal(master, bytes)).not.toBe(sealed)
      }),
    )
    expect(rowKey(master, seal(master, Buffer.alloc(32, 7)))).toEqual(Buffer.alloc(32, 7))
  })

  test('another secret, a changed byte and a cut-off text are refused', () => {
    const sealed = seal(master, Buffer.from('ticket key'))
    const bytes = Buffer.from(sealed.slice(8), 'base64url')
    expect(() => unseal(other, sealed)).toThrow(expect.objectContaining({ code: 'invalid_config' }))
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ 1
      expect(() => unseal(master, `sealed1.${changed.toString('base64url')}`)).toThrow(/sealed key/)
    }
    expect(() => unseal(master, sealed.slice(0, -6))).toThrow(/sealed key/)
    expect(() => unseal(master, 'sealed1.')).toThrow(/sealed key/)
    expect(() => unseal(master, 'plain')).toThrow(/sealed key/)
  })
})

describe('master secret', () => {
  test('fewer than 32 characters are refused with the next step', () => {
    expect(() => createMasterSecret('short')).toThrow(/FLYWHEEL_SECRET has 5 characters.*openssl rand/)
  })

  test('its keys differ from each other and are never serialised', () => {
    expect(new Set([master.pepper, master.sealKey, master.subjectKey].map((key) => key.toString('hex'))).size).toBe(3)
    expect(JSON.stringify({ master })).toBe('{"master":{}}')
  })
})

describe('subjectHmac', () => {
  test('a user and an author of the same id are one subject; a session, a project and a secret are not', () => {
    const user = subjectHmac(master, 'p1', 'user', 'u1')
    expect(user).toMatch(/^[0-9a-f]{32}$/)
    expect(subjectHmac(master, 'p1', 'author', 'u1')).toBe(user)
    expect(subjectHmac(master, 'p1', 'session', 'u1')).not.toBe(user)
    expect(subjectHmac(master, 'p2', 'user', 'u1')).not.toBe(user)
    expect(subjectHmac(master, 'p1', 'user', 'u2')).not.toBe(user)
    expect(subjectHmac(other, 'p1', 'user', 'u1')).not.toBe(user)
  })
})
