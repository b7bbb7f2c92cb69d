import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { TICKET_KEY_LABEL, type TicketClaims } from '@flywheel/schema/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFlywheel } from '../src/index.js'
import { nodeRuntime } from '../src/node/runtime.js'
import { portableRuntime } from '../src/portable-runtime.js'
import { hmacSha256, sha256 } from '../src/sha256.js'
import { memoryTransport } from '../src/test-kit/index.js'
import { deriveTicketKey, signClaims } from '../src/ticket.js'

const apiKey = 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A'
const bytes = (maxLength: number) => fc.uint8Array({ maxLength })

describe('the bundled SHA-256 against node:crypto', () => {
  test('digests of any message', () => {
    fc.assert(
      fc.property(bytes(300), (message) => {
        expect(Buffer.from(sha256(message)).toString('hex')).toBe(createHash('sha256').update(message).digest('hex'))
      }),
    )
  })

  test.each([0, 55, 56, 63, 64, 65, 119, 120, 1000])('a message of %i bytes, at the edges of a block', (length) => {
    const message = new Uint8Array(length).fill(0xa5)
    expect(Buffer.from(sha256(message)).toString('hex')).toBe(createHash('sha256').update(message).digest('hex'))
  })

  test('HMACs with keys below, at and above the block size', () => {
    fc.assert(
      fc.property(bytes(130), bytes(200), (key, message) => {
        expect(Buffer.from(hmacSha256(key, message)).toString('hex')).toBe(
          createHmac('sha256', key).update(message).digest('hex'),
        )
      }),
    )
  })

  test('the ticket key is node’s HKDF', () => {
    fc.assert(
      fc.property(fc.string(), (secret) => {
        const expected = Buffer.from(hkdfSync('sha256', secret, '', TICKET_KEY_LABEL, 32))
        expect(Buffer.from(deriveTicketKey(secret, hmacSha256))).toEqual(expected)
        expect(Buffer.from(deriveTicketKey(secret, nodeRuntime.hmacSha256))).toEqual(expected)
      }),
    )
  })
})

test('both runtimes agree on encodings and sizes', () => {
  fc.assert(
    fc.property(bytes(100), fc.string({ unit: 'grapheme' }), (some, text) => {
      expect(portableRuntime.encodeBase64Url(some)).toBe(nodeRuntime.encodeBase64Url(some))
      expect(portableRuntime.sha256Hex(some)).toBe(nodeRuntime.sha256Hex(some))
      expect(portableRuntime.byteLength(text)).toBe(nodeRuntime.byteLength(text))
      const base64 = Buffer.from(some).toString('base64')
      expect(Buffer.from(portableRuntime.decodeBase64(base64))).toEqual(Buffer.from(some))
    }),
  )
})

const fixture = new URL('../../keys/fixtures/ticket-v1.json', import.meta.url)

interface Golden {
  secret_key: string
  ticket_key_hex: string
  cases: { name: string; claims: TicketClaims; ticket: string }[]
}

describe('the golden tickets that the server verifies', () => {
  expect(existsSync(fixture)).toBe(true)
  const golden = JSON.parse(readFileSync(fixture, 'utf8')) as Golden

  test.each(golden.cases)('$name', ({ claims, ticket }) => {
    for (const runtime of [nodeRuntime, portableRuntime]) {
      const key = deriveTicketKey(golden.secret_key, runtime.hmacSha256)
      expect(Buffer.from(key).toString('hex')).toBe(golden.ticket_key_hex)
      expect(signClaims(key, claims, runtime)).toBe(ticket)
    }
  })

  test.each(golden.cases)('$name, through the public API', ({ claims, ticket }) => {
    const flywheel = createFlywheel({
      apiKey: golden.secret_key,
      transport: memoryTransport(),
      now: () => (claims.e - 60) * 1000 + 999,
    })
    const target =
      claims.t === 'turn' ? { turn: claims.i } : claims.t === 'response' ? { responseId: claims.i } : claims.i
    const options = { ttl: 60, kinds: claims.a, author: claims.u, session: claims.s, choice: claims.c }
    expect(flywheel.ticket(target, options)).toBe(ticket)
  })
})

test('a public key signs nothing', () => {
  const flywheel = createFlywheel({ apiKey: apiKey.replace('sk', 'pk'), transport: memoryTransport() })
  expect(flywheel.ticket('01890a5d-ac96-774b-bcce-b302099a8057')).toBe('')
})
