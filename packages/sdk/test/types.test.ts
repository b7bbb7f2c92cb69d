import OpenAI from 'openai'
import { expect, expectTypeOf, test } from 'vitest'
import {
  type CorrectOptions,
  createFlywheel,
  type Feedback,
  type FlywheelEvent,
  type InteractionInput,
  type Message,
  type Redact,
  type Turn,
} from '../src/index.js'
import { memoryTransport } from '../src/test-kit/index.js'

const flywheel = createFlywheel({ transport: memoryTransport() })
const id = '01890a5d-ac96-774b-bcce-b302099a8057'

test('wrap and observe keep the types they are given', () => {
  const client = new OpenAI({ apiKey: 'x' })
  expectTypeOf(flywheel.wrap(client)).toEqualTypeOf<OpenAI>()
  expectTypeOf(flywheel.unwrap(client)).toEqualTypeOf<OpenAI>()
  expectTypeOf(flywheel.observe('a', () => 1)).toEqualTypeOf<number>()
  expectTypeOf(flywheel.observe('a', Promise.resolve('x'))).toEqualTypeOf<Promise<string>>()
  expectTypeOf(flywheel.turn().run(async () => 1)).toEqualTypeOf<Promise<number>>()
  expectTypeOf(flywheel.feedback.thumb(id, 'up')).toEqualTypeOf<string>()
  expectTypeOf(flywheel.idOf({})).toEqualTypeOf<string | undefined>()
  expect(flywheel.wrap(client)).toBe(client)
})

test('what stands in a signature has a name to import', () => {
  expectTypeOf<Parameters<Redact>[0]>().toEqualTypeOf<FlywheelEvent>()
  expectTypeOf<NonNullable<InteractionInput['messages']>[number]>().toEqualTypeOf<Message>()
  expectTypeOf<NonNullable<Parameters<Feedback['correct']>[2]>>().toEqualTypeOf<CorrectOptions>()
  const messages: Message[] = [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }]
  expectTypeOf(flywheel.record({ messages })).toEqualTypeOf<string>()
  expectTypeOf(flywheel.turn()).toEqualTypeOf<Turn>()
  expect(flywheel.record({ messages })).toMatch(/^[0-9a-f-]{36}$/)
})

test('misuse does not compile', () => {
  const misuse = () => {
    // @ts-expect-error a client is an object
    flywheel.wrap('openai')
    // @ts-expect-error no such thumb
    flywheel.feedback.thumb(id, 'sideways')
    // @ts-expect-error what idOf does not know has to be looked at
    flywheel.feedback.thumb(flywheel.idOf({}), 'up')
    // @ts-expect-error a bare { id } does not say what it is the id of
    flywheel.feedback.accept({ id })
    // @ts-expect-error consent is granted or denied
    createFlywheel({ consent: { train: true } })
    // @ts-expect-error no such purpose
    flywheel.consent.grant({ user: 'u' }, 'training')
    // @ts-expect-error nobody's consent
    flywheel.consent.grant({}, 'train')
    // @ts-expect-error a winner is an index, tie or both_bad
    flywheel.feedback.choose(id, [id, id], 'left')
    // @ts-expect-error no such stage
    flywheel.feedback.correct(id, 'x', { stage: 'final' })
    // @ts-expect-error the wire's spelling is not the API's
    flywheel.feedback.accept(id, { reason_codes: ['a'] })
    // @ts-expect-error the wire's spelling is not the API's
    flywheel.turn({ session_id: 's' })
    // @ts-expect-error a link needs a ref
    flywheel.link(id)
    // @ts-expect-error metadata is a map of texts
    flywheel.turn({ metadata: { a: 1 } })
  }
  expect(misuse).toBeTypeOf('function')
})
