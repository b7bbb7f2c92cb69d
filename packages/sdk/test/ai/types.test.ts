import * as ai5 from 'ai-5'
import * as ai6 from 'ai-6'
import * as ai7 from 'ai-7'
import { createOpenAI as createOpenAI2 } from 'ai-sdk-openai-2'
import { createOpenAI as createOpenAI3 } from 'ai-sdk-openai-3'
import { createOpenAI as createOpenAI4 } from 'ai-sdk-openai-4'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { flywheelMiddleware, flywheelTelemetry } from '../../src/ai/index.js'
import { createFlywheel } from '../../src/index.js'
import { memoryTransport } from '../../src/test-kit/index.js'

const flywheel = createFlywheel({ transport: memoryTransport() })
const turn = flywheel.turn()
const m2 = createOpenAI2({ apiKey: 'x' }).chat('m')
const m3 = createOpenAI3({ apiKey: 'x' }).chat('m')
const m4 = createOpenAI4({ apiKey: 'x' }).chat('m')

test('turn.model() has the type of the model', () => {
  expectTypeOf(turn.model(m2)).toEqualTypeOf(m2)
  expectTypeOf(turn.model(m3)).toEqualTypeOf(m3)
  expectTypeOf(turn.model(m4)).toEqualTypeOf(m4)
  expectTypeOf(turn.model('openai/gpt-5' as const)).toEqualTypeOf<'openai/gpt-5'>()
  expect(turn.model(m4)).toBeInstanceOf(m4.constructor)
})

test('the options of turn.ai() leave the result’s type as it is', () => {
  const calls = () => {
    const prompt = 'Hi'
    const tools6 = { now: ai6.tool({ inputSchema: z.object({ zone: z.string() }), execute: async () => 12 }) }
    const tools7 = { now: ai7.tool({ inputSchema: z.object({ zone: z.string() }), execute: async () => 12 }) }
    expectTypeOf(ai6.streamText({ model: m3, prompt, tools: tools6, ...turn.ai() })).toEqualTypeOf(
      ai6.streamText({ model: m3, prompt, tools: tools6 }),
    )
    expectTypeOf(ai7.streamText({ model: m4, prompt, tools: tools7, ...turn.ai() })).toEqualTypeOf(
      ai7.streamText({ model: m4, prompt, tools: tools7 }),
    )
    expectTypeOf(ai6.generateText({ model: m3, prompt, ...turn.ai({ functionId: 'f' }) })).toEqualTypeOf(
      ai6.generateText({ model: m3, prompt }),
    )
    expectTypeOf(ai7.generateText({ model: m4, prompt, ...turn.ai({ functionId: 'f' }) })).toEqualTypeOf(
      ai7.generateText({ model: m4, prompt }),
    )
    ai5.streamText({ model: turn.model(m2), prompt })
    ai5.wrapLanguageModel({ model: m2, middleware: flywheelMiddleware(flywheel) })
    ai6.wrapLanguageModel({ model: m3, middleware: flywheelMiddleware(flywheel) })
    ai7.wrapLanguageModel({ model: m4, middleware: flywheelMiddleware(flywheel) })
    ai6.registerTelemetryIntegration(flywheelTelemetry(flywheel))
    ai7.registerTelemetry(flywheelTelemetry(flywheel))
    // @ts-expect-error a turn is no client
    flywheelMiddleware(turn)
  }
  expect(calls).toBeTypeOf('function')
})
