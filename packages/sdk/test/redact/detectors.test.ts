import { readFileSync } from 'node:fs'
import { isCard, isIban, isIpv6, isLuhn } from '@flywheel/redaction'
import { expect, test } from 'vitest'
import { redactText } from './support.js'

const ALL = { ip: true, ssn: true }

test.each([
  // Test numbers that the networks publish.
  ['Visa', '4111111111111111'],
  ['Visa of 13 digits', '4222222222222'],
  ['Mastercard', '5555555555554444'],
  ['Mastercard of the 2 series', '2223003122003222'],
  ['American Express', '378282246310005'],
  ['American Express in print', '3782 822463 10005'],
  ['Discover', '6011111111111117'],
  ['Diners Club', '30569309025904'],
  ['Diners Club in print', '3056 930902 5904'],
  ['JCB', '3530111333300000'],
  ['UnionPay of 19 digits', '6205500000000000004'],
  ['Maestro', '6759649826438453'],
  ['spaces', '4111 1111 1111 1111'],
  ['hyphens', '4111-1111-1111-1111'],
  ['no-break spaces', '4111\u00a01111\u00a01111\u00a01111'],
])('a card is found: %s', (_name, number) => {
  expect(redactText(`Pay with ${number}, please`)).toBe('Pay with [CARD_1], please')
  expect(redactText(number)).toBe('[CARD_1]')
})

test('a card is found beside other groups of digits', () => {
  expect(redactText('1234 4111 1111 1111 1111 123')).toBe('1234 [CARD_1] 123')
  expect(redactText('7-4111111111111111-9')).toBe('7-[CARD_1]-9')
  expect(redactText('12-4111 1111 1111 1111')).toBe('12-[CARD_1]')
})

test.each([
  ['a wrong check digit', '4111111111111112'],
  ['a length that the issuer does not give', '41111111111111116'],
  ['no issuer', '9999999999999995'],
  ['inside a word', 'x4111111111111111'],
  ['inside a longer number', '14111111111111111000000'],
  ['groups that no card has', '411 11111 1111 1111'],
])('no card: %s', (_name, text) => {
  expect(redactText(text, { phone: false })).toBe(text)
})

test('the check digit and the issuer are both asked', () => {
  expect([isLuhn('4111111111111111'), isLuhn('4111111111111112'), isCard('9999999999999995')]).toEqual([
    true,
    false,
    false,
  ])
})

test.each([
  'DE89 3704 0044 0532 0130 00',
  'DE89370400440532013000',
  'GB82 WEST 1234 5698 7654 32',
  'gb82west12345698765432',
  'FR14 2004 1010 0505 0001 3M02 606',
  'NO93 8601 1117 947',
  'MT84 MALT 0110 0001 2345 MTLC AST0 01S',
  'CH93-0076-2011-6238-5295-7',
])('an IBAN is found: %s', (iban) => {
  expect(redactText(`Send it to ${iban} today`)).toBe('Send it to [IBAN_1] today')
})

test.each([
  ['wrong check digits', 'DE88 3704 0044 0532 0130 00'],
  ['one digit too many', 'DE893704004405320130001'],
  ['a country that has none', 'US89370400440532013000'],
])('no IBAN: %s', (_name, text) => {
  expect(redactText(text, { phone: false, card: false })).toBe(text)
})

test('an IBAN needs its country’s length', () => {
  expect([isIban('DE89370400440532013000'), isIban('DE8937040044053201300'), isIban('NO9386011117947')]).toEqual([
    true,
    false,
    true,
  ])
})

test.each([
  ['alice@example.com', '[EMAIL_1]'],
  ['<alice@example.com>', '<[EMAIL_1]>'],
  ['mailto:alice.b+tag@mail.example.co.uk?subject=x', 'mailto:[EMAIL_1]?subject=x'],
  ['Write to alice@example.com.', 'Write to [EMAIL_1].'],
  ['to=alice@example.com&x=1', 'to=[EMAIL_1]&x=1'],
  ['/users/alice%40example.com/edit', '/users/[EMAIL_1]/edit'],
  ['jörg@müller.de', '[EMAIL_1]'],
  ['иван@пример.рф', '[EMAIL_1]'],
  ['请联系alice@example.com谢谢', '请联系[EMAIL_1]谢谢'],
  ["'alice@example.com'", "'[EMAIL_1]'"],
  ['"a": "\\nalice@example.com\\t"', '"a": "\\n[EMAIL_1]\\t"'],
  ['a@b.example, A@B.example, c@b.example', '[EMAIL_1], [EMAIL_1], [EMAIL_2]'],
])('an e-mail address in %s', (text, redacted) => {
  expect(redactText(text)).toBe(redacted)
})

test.each([
  '+1 415 555 0134',
  '+14155550134',
  '+49 30 1234567',
  '+44 (0)20 7946 0958',
  '+33 1 23 45 67 89',
  '+91-98765-43210',
  '0049 30 1234567',
  '(415) 555-2671',
  '415-555-2671',
  '415.555.2671',
  '1-800-555-0199',
  '0171 2345678',
  '030/1234567',
  '01 23 45 67 89',
  '020 7946 0958',
  '07911 123456',
])('a telephone number is found: %s', (number) => {
  expect(redactText(`Reach us: ${number}, daily`)).toBe('Reach us: [PHONE_1], daily')
})

test('a number that could be anything is one behind a word that says so', () => {
  expect(redactText('Ref 415 555 0134')).toBe('Ref 415 555 0134')
  expect(redactText('Call me at 415 555 0134')).toBe('Call me at [PHONE_1]')
  expect(redactText('Tel. 98765 43210 or mobile: 01712345678')).toBe('Tel. [PHONE_1] or mobile: [PHONE_2]')
  expect(redactText('call me on 2024-11-22')).toBe('call me on 2024-11-22')
})

test('what follows a telephone number is not eaten, and hides none', () => {
  expect(redactText('+49 30 1234567 2024-11-22')).toBe('[PHONE_1] 2024-11-22')
  expect(redactText('0171 2345678 0172 2345678')).toBe('[PHONE_1] [PHONE_2]')
})

// Made up, each of the vendor's form. Joined, so that no scanner of repositories takes them for real.
const SECRETS: [string, string[]][] = [
  ['OpenAI', ['sk-', 'proj-aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z']],
  ['OpenAI, old', ['sk-', 'aB3dE5fG7hJ9kL1mN3pQT3BlbkFJ5rS7tU9vW1xY3zA']],
  ['Anthropic', ['sk-ant-', 'api03-aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z-AbCdEf']],
  ['Stripe', ['sk_', 'live_4eC39HqLyjWDarjtT1zdp7dc']],
  ['AWS', ['AKIA', 'IOSFODNN7EXAMPLE']],
  ['GitHub', ['ghp_', '16C7e42F292c6912E7710c838347Ae178B4a']],
  ['GitHub, fine-grained', ['github_pat_', '11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0123456789']],
  ['GitLab', ['glpat-', 'aB3dE5fG7hJ9kL1mN3pQ']],
  ['npm', ['npm_', 'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z00']],
  ['Slack', ['xoxb-', '123456789012-1234567890123-aB3dE5fG7hJ9kL1mN3pQ5rS7']],
  ['Google', ['AIza', 'SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q']],
  ['Hugging Face', ['hf_', 'aBcDeFgHiJ1kLmNoPqRsT2uVwXyZaBcDeF']],
  ['Groq', ['gsk_', 'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zaB3dE5fG7hJ9kL1mN']],
  ['SendGrid', ['SG.', 'aB3dE5fG7hJ9kL1mN3pQ5r.aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zaB3dE5f']],
  ['Flywheel', ['fw_sk_', 'aB3dE5fG7hJ9_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z']],
  ['a bearer token', ['Bearer ', 'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z']],
  [
    'JWT',
    [
      'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9',
      '.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c',
    ],
  ],
  ['a private key', ['-----BEGIN RSA ', 'PRIVATE KEY-----\nMIIEowIBAAKC\nAQEA7bq+/w==\n-----END RSA PRIVATE KEY-----']],
]
test.each(SECRETS)('a secret is found: %s', (_name, pieces) => {
  expect(redactText(`key="${pieces.join('')}" end`)).toBe('key="[SECRET_1]" end')
})

test('a private key that was cut off, and the password in a URL', () => {
  expect(redactText('-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKC\nAQEA7b')).toBe('[SECRET_1]')
  expect(redactText('postgres://admin:hunter2@db.example/x')).toBe('postgres://[SECRET_1]/x')
})

test.each([
  'sk-learn-is-a-great-library-for-machine-learning',
  'the task-list of the desk-top, ask-me-anything-about-sk-estimators',
  'glpat-your-token-goes-here-please',
  'sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  'eyJust.wanted.something_else_entirely',
  'https://example.com/a:b@c',
])('no secret: %s', (text) => {
  expect(redactText(text)).toBe(text)
})

test('IP addresses and social security numbers only when asked for', () => {
  const text = 'From 192.168.0.1 and 2001:db8::1, SSN 123-45-6789'
  expect(redactText(text)).toBe(text)
  expect(redactText(text, ALL)).toBe('From [IP_1] and [IP_2], SSN [SSN_1]')
  for (const none of [
    '256.1.1.1',
    '1.2.3.4.5',
    'v1.2.3.4',
    'std::vector',
    '12:30:45',
    '000-12-3456',
    '666-12-3456',
    '900-12-3456',
    '123-00-4567',
  ])
    expect(redactText(none, ALL)).toBe(none)
  expect([
    isIpv6('::1'),
    isIpv6('fe80::1'),
    isIpv6('1:2:3:4:5:6:7:8'),
    isIpv6('1:2:3'),
    isIpv6('::ffff:1.2.3.4'),
    isIpv6('1::2::3'),
  ]).toEqual([false, true, true, false, true, false])
})

test('a kind can be left out, and the host’s own comes before all others', () => {
  expect(redactText('alice@example.com 4111111111111111', { email: false })).toBe('alice@example.com [CARD_1]')
  const custom = [{ name: 'customer no', pattern: /\bC-\d{4}\b/, validate: (match: string) => match !== 'C-0000' }]
  expect(redactText('C-1234, C-0000, C-1234, C-9999', { custom })).toBe(
    '[CUSTOMER_NO_1], C-0000, [CUSTOMER_NO_1], [CUSTOMER_NO_2]',
  )
  expect(redactText('alice@example.com', { custom: [{ name: 'domain', pattern: /example\.com/ }] })).toBe('[DOMAIN_1]')
  expect(() => redactText('', { custom: [{ name: '1', pattern: /x/ }] })).toThrow('must begin with a letter')
})

/** One text a line; what is known to be taken for something it is not stands under `# false positives`. */
const [ordinary = '', known = ''] = readFileSync(new URL('./ordinary.txt', import.meta.url), 'utf8').split(
  '# false positives\n',
)
const lines = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('# '))

test('ordinary texts, code, numbers, hashes and times stay as they are: no false positive of the default kinds', () => {
  expect(lines(ordinary).length).toBeGreaterThan(100)
  expect(lines(ordinary).filter((line) => redactText(line) !== line)).toEqual([])
})

test('what is known to be taken for something it is not', () => {
  expect(lines(known).filter((line) => redactText(line) === line)).toEqual([])
})
