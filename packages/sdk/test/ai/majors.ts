import * as ai5 from 'ai-5'
import * as ai6 from 'ai-6'
import * as ai7 from 'ai-7'
import { createOpenAI as createOpenAI2 } from 'ai-sdk-openai-2'
import { createOpenAI as createOpenAI3 } from 'ai-sdk-openai-3'
import { createOpenAI as createOpenAI4 } from 'ai-sdk-openai-4'
import { flywheelMiddleware, flywheelTelemetry } from '../../src/ai/index.js'
import type { Flywheel, Turn } from '../../src/index.js'

// The majors' types differ in what is not used here; one of them stands for all.
export type Ai = typeof ai6
export type Model = ReturnType<ReturnType<typeof createOpenAI3>['chat']>
export type CreateOpenAI = typeof createOpenAI3

/** How a call is recorded: what is added to its options, and the model it gets. */
export interface Way {
  readonly name: string
  readonly major: number
  readonly ai: Ai
  readonly createOpenAI: CreateOpenAI
  readonly options: (turn: Turn, flywheel: Flywheel) => { model?: never }
  readonly model: (model: Model, turn: Turn, flywheel: Flywheel) => Model
  /** False where only events are told: what an abort or a failure left is not among them. */
  readonly seesStream: boolean
  /** Runs the call where the way has an effect. */
  readonly run: <R>(turn: Turn, flywheel: Flywheel, call: () => R) => R
}

const MAJORS = [
  { major: 5, ai: ai5 as unknown as Ai, createOpenAI: createOpenAI2 as unknown as CreateOpenAI },
  { major: 6, ai: ai6, createOpenAI: createOpenAI3 },
  { major: 7, ai: ai7 as unknown as Ai, createOpenAI: createOpenAI4 as unknown as CreateOpenAI },
]

const plain = {
  seesStream: true,
  options: () => ({}),
  model: (model: Model) => model,
  run: <R>(_turn: Turn, _flywheel: Flywheel, call: () => R): R => call(),
}

/** Registers a telemetry integration as each major does, for the time of a call. */
const registry = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: unknown[] | undefined }

export const byModel: Way[] = MAJORS.map((major) => ({
  ...plain,
  ...major,
  name: `ai ${major.major}, turn.model()`,
  model: (model, turn) => turn.model(model),
}))

export const byOptions: Way[] = MAJORS.filter(({ major }) => major > 5).map((major) => ({
  ...plain,
  ...major,
  name: `ai ${major.major}, turn.ai()`,
  options: (turn) => turn.ai() as never,
}))

export const byMiddleware: Way[] = MAJORS.map((major) => ({
  ...plain,
  ...major,
  name: `ai ${major.major}, wrapLanguageModel`,
  model: (model, _turn, flywheel) =>
    major.ai.wrapLanguageModel({ model, middleware: flywheelMiddleware(flywheel) }) as Model,
  run: (turn, _flywheel, call) => turn.run(call),
}))

export const byRegistry: Way[] = MAJORS.filter(({ major }) => major > 5).map((major) => ({
  ...plain,
  ...major,
  name: `ai ${major.major}, registered integration`,
  seesStream: major.major > 6,
  run(turn, flywheel, call) {
    const register = (major.ai as unknown as Record<string, (integration: unknown) => void>)[
      major.major === 6 ? 'registerTelemetryIntegration' : 'registerTelemetry'
    ]
    register?.(flywheelTelemetry(flywheel))
    return turn.run(call)
  },
}))

export const everyWay: Way[] = [...byModel, ...byOptions, ...byMiddleware, ...byRegistry]

/** Takes every registered integration off again. */
export function unregister(): void {
  registry.AI_SDK_TELEMETRY_INTEGRATIONS = undefined
}
