import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { TicketClaims } from '@flywheel/schema'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deriveTicketKey, generateApiKey, readTicketClaims, signTicket, verifyTicket } from '../src/index.js'

interface Fixture {
  label: string
  secret_key: string
  ticket_key_hex: string
  cases: { name: string; claims: TicketClaims; ticket: string }[]
}
const fixture = JSON.parse(readFileSync(new URL('../fixtures/ticket-v1.json', import.meta.url), 'utf8')) as Fixture
const now = Date.UTC(2026, 0, 1)
const { id, key } = generateApiKey({ kind: 'sk' })
const ticketKey = deriveTicketKey(key)
const keyOf = (keyId: string) => (keyId === id ? ticketKey : null)
const claims: TicketClaims = {
  k: id,
  t: 'turn',
  i: '01890a5d-ac96-774b-bcce-b302099a8057',
  c: 0,
  a: ['thumb'],
  u: 'u1',
  e: now / 1000 + 60,
}
const code = (expected: string) => expect.objectContaining({ code: expected })

describe('deriveTicketKey', () => {
  test('is HKDF-SHA256 as RFC 5869 writes it, with an empty salt and one block', () => {
    const extracted = createHmac('sha256', Buffer.alloc(32)).update(fixture.secret_key, 'utf8').digest()
    const expanded = createHmac('sha256', extracted)
      .update(Buffer.concat([Buffer.from(fixture.label), Buffer.from([1])]))
      .digest()
    expect(deriveTicketKey(fixture.secret_key).toString('hex')).toBe(expanded.toString('hex'))
    expect(fixture.ticket_key_hex).toBe(expanded.toString('hex'))
  })
})

describe('tickets', () => {
  test.each(fixture.cases)('golden: $name', ({ claims, ticket }) => {
    expect(signTicket(deriveTicketKey(fixture.secret_key), claims)).toBe(ticket)
    expect(verifyTicket(() => Buffer.from(fixture.ticket_key_hex, 'hex'), ticket, now)).toEqual(claims)
  })

  test('a signed ticket verifies to its claims', () => {
    fc.assert(
      fc.property(
        fc.record({
          i: fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }),
          c: fc.nat(9),
          u: fc.string({ minLength: 1, maxLength: 20 }),
        }),
        (part) => {
          const ticket = signTicket(ticketKey, { ...claims, ...part })
          expect(verifyTicket(keyOf, ticket, now)).toEqual({ ...claims, ...part })
        },
      ),
    )
  })

  test('one changed character anywhere is refused', () => {
    const ticket = signTicket(ticketKey, claims)
    fc.assert(
      fc.property(fc.nat(ticket.length - 1), fc.constantFrom(...'AZaz09-_.'), (at, letter) => {
        fc.pre(ticket[at] !== letter)
        expect(() => verifyTicket(keyOf, ticket.slice(0, at) + letter + ticket.slice(at + 1), now)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^ticket_(malformed|forged)$/) }),
        )
      }),
      { numRuns: 500 },
    )
  })

  test('expired at its second, revoked, unknown key, wrong key', () => {
    const ticket = signTicket(ticketKey, claims)
    expect(verifyTicket(keyOf, ticket, claims.e * 1000 - 1)).toEqual(claims)
    expect(() => verifyTicket(keyOf, ticket, claims.e * 1000)).toThrow(code('ticket_expired'))
    expect(() => verifyTicket(() => 'revoked', ticket, now)).toThrow(code('ticket_revoked'))
    expect(() => verifyTicket(() => null, ticket, now)).toThrow(code('ticket_forged'))
    expect(() => verifyTicket(() => deriveTicketKey(`${key}x`), ticket, now)).toThrow(code('ticket_forged'))
  })

  test('claims that are missing or of another type are malformed, even when signed', () => {
    for (const wrong of [
      { t: 'user' },
      { i: '' },
      { c: -1 },
      { c: 0.5 },
      { a: ['like'] },
      { a: null },
      { e: 'x' },
      { u: 7 },
      { k: 1 },
      { t: 'ref', i: 'a\0b' },
      { u: 'a\ud800' },
      { s: '\udc00' },
    ]) {
      const ticket = signTicket(ticketKey, { ...claims, ...wrong } as TicketClaims)
      expect(() => verifyTicket(keyOf, ticket, now), JSON.stringify(wrong)).toThrow(code('ticket_malformed'))
    }
    for (const text of [
      '',
      'fwt1',
      'fwt1..',
      'fwt2.e30.e30',
      'fwt1.e30.e30.e30',
      'fwt1.e30.e30',
      `fwt1.${'a'.repeat(9000)}.e30`,
    ])
      expect(() => readTicketClaims(text), text.slice(0, 20)).toThrow(code('ticket_malformed'))
  })
})
