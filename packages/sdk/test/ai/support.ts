import type { InteractionEvent } from '@flywheel/schema/wire'
import { createFlywheel, type Flywheel, type Turn } from '../../src/index.js'
import { type MemoryTransport, memoryTransport } from '../../src/test-kit/index.js'
import { readSent } from '../support/setup.js'
import type { Ai, Model, Way } from './majors.js'

/** One turn on a collector in memory, with the real provider of the way's major on the stub. */
export interface AiSetup {
  readonly ai: Ai
  readonly flywheel: Flywheel
  readonly transport: MemoryTransport
  readonly turn: Turn
  /** As the way observes it. */
  readonly model: Model
  /** The provider's own. */
  readonly bare: Model
  readonly diagnostics: string[]
  /** What the way adds to the options. */
  more(): { model?: never }
  run<R>(call: () => R): R
  /** The interactions sent so far, each checked against the contract. */
  sent(): Promise<InteractionEvent[]>
}

/** `make` chooses the model: `(openai) => openai.responses('gpt-test')`. @default chat completions */
export function aiSetup(
  { ai, createOpenAI, options, model, run }: Way,
  url: string,
  make: (openai: ReturnType<Way['createOpenAI']>) => Model = (openai) => openai.chat('gpt-test'),
): AiSetup {
  const transport = memoryTransport()
  const diagnostics: string[] = []
  const flywheel = createFlywheel({ transport, onDiagnostic: ({ code }) => void diagnostics.push(code) })
  const turn = flywheel.turn({ user: 'u1', task: 'chat' })
  const bare = make(createOpenAI({ apiKey: 'x', baseURL: url }))
  return {
    ai,
    flywheel,
    transport,
    turn,
    bare,
    model: model(bare, turn, flywheel),
    diagnostics,
    more: () => options(turn, flywheel),
    run: (call) => run(turn, flywheel, call),
    sent: async () => (await readSent(flywheel, transport)) as InteractionEvent[],
  }
}

export const messages: { role: 'user'; content: string }[] = [{ role: 'user', content: 'Hi' }]

/** An interaction's output as pairs of type and content. */
export const said = (event: InteractionEvent | undefined): unknown[] =>
  (event?.outputs ?? []).flatMap(({ parts }) =>
    parts.map((part) => [part.type, 'content' in part ? part.content : null]),
  )
