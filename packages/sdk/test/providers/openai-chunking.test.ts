/** However an answer is cut into chunks and however its choices and calls come mixed: the record is that of the whole. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HoldBlob } from '../../src/blobs.js'
import type { Mapping } from '../../src/provider.js'
import { mappings } from '../../src/providers/openai.js'

const noBytes: HoldBlob = () => {
  throw new Error('no bytes here')
}

/** What is recorded of the answer itself; the head of a stream is not that of a whole answer. */
function read(mapping: Mapping, source: { whole: unknown } | { chunks: unknown[] }) {
  if ('whole' in source) {
    const { outputs, finish_reasons, has_text } = mapping.response(source.whole, noBytes)
    return { outputs, finish_reasons, has_text }
  }
  const accumulator = mapping.accumulator()
  for (const chunk of source.chunks) accumulator.add(chunk)
  expect(accumulator.isComplete()).toBe(true)
  const { outputs, finish_reasons, has_text } = accumulator.fields(noBytes)
  return { outputs, finish_reasons, has_text }
}

/** A text and the places where it is cut. */
const cutText = fc.tuple(fc.string({ unit: 'binary', maxLength: 30 }), fc.array(fc.nat(30), { maxLength: 4 }))
function pieces([text, cuts]: [string, number[]]): string[] {
  const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length]
  return places.slice(1).map((end, index) => text.slice(places[index], end))
}

/** Takes the next one of the sequences that `order` names until all are empty: each keeps its own order. */
function mixed<T>(sequences: T[][], order: number[]): T[] {
  const left = sequences.map((sequence) => [...sequence])
  const out: T[] = []
  for (let step = 0; left.some(({ length }) => length > 0); step++) {
    const open = left.filter(({ length }) => length > 0)
    out.push(open[(order[step % Math.max(order.length, 1)] ?? 0) % open.length]?.shift() as T)
  }
  return out
}

const name = fc.constantFrom('f', 'g', 'look_up')
const calls = fc.array(fc.record({ name, text: cutText }), { maxLength: 3 })
const answer = fc.record({ content: cutText, calls, reason: fc.constantFrom('stop', 'length', 'tool_calls') })
const order = fc.array(fc.nat(7), { minLength: 1, maxLength: 20 })

describe('of openai, chunks of any size and order', () => {
  test('chat completions', () => {
    const mapping = mappings['chat'] as Mapping
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1, maxLength: 3 }), order, (answers, mix) => {
        const toolCall = (call: { name: string; text: [string, number[]] }, at: number) => ({
          id: `call_${at}`,
          type: 'function',
          function: { name: call.name, arguments: call.text[0] },
        })
        const choices = answers.map(({ content, calls: made, reason }, index) => ({
          index,
          message: { role: 'assistant', content: content[0], tool_calls: made.map(toolCall) },
          finish_reason: reason,
        }))
        const delta = (index: number, value: object, finish_reason: string | null = null) => ({
          choices: [{ index, delta: value, finish_reason }],
        })
        const streams = answers.map(({ content, calls: made, reason }, index) => [
          delta(index, { role: 'assistant', content: '' }),
          ...pieces(content).map((piece) => delta(index, { content: piece })),
          // Each call begins in its turn; the rest of their arguments may come mixed.
          ...made.map((call, at) =>
            delta(index, { tool_calls: [{ index: at, ...toolCall({ ...call, text: ['', []] }, at) }] }),
          ),
          ...mixed(
            made.map(({ text }, at) =>
              pieces(text).map((piece) =>
                delta(index, { tool_calls: [{ index: at, function: { arguments: piece } }] }),
              ),
            ),
            mix,
          ),
          delta(index, {}, reason),
        ])
        expect(read(mapping, { chunks: mixed(streams, mix) })).toEqual(read(mapping, { whole: { choices } }))
      }),
      { numRuns: 300 },
    )
  })

  test('legacy completions', () => {
    const mapping = mappings['completions'] as Mapping
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1, maxLength: 3 }), order, (answers, mix) => {
        const piece = (index: number, text: string, finish_reason: string | null) => ({
          choices: [{ index, text, finish_reason, logprobs: null }],
        })
        const streams = answers.map(({ content, reason }, index) => [
          ...pieces(content).map((text) => piece(index, text, null)),
          piece(index, '', reason),
        ])
        const choices = answers.map(({ content, reason }, index) => piece(index, content[0], reason).choices[0])
        expect(read(mapping, { chunks: mixed(streams, mix) })).toEqual(
          read(mapping, { whole: { choices: choices.reverse() } }),
        )
      }),
      { numRuns: 300 },
    )
  })

  test.each([true, false])('responses, with a final event that is whole: %s', (isWhole) => {
    const mapping = mappings['responses'] as Mapping
    const item = fc.oneof(
      fc.record({ kind: fc.constant('message' as const), text: cutText, name }),
      fc.record({ kind: fc.constant('function_call' as const), text: cutText, name }),
      fc.record({ kind: fc.constant('reasoning' as const), text: cutText, name }),
    )
    const shapes = {
      message: (id: string, text: string) => ({
        id,
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text, annotations: [] }],
      }),
      function_call: (id: string, text: string, called: string) => ({
        id,
        type: 'function_call',
        call_id: `call_${id}`,
        name: called,
        arguments: text,
      }),
      reasoning: (id: string, text: string) => ({ id, type: 'reasoning', summary: [{ type: 'summary_text', text }] }),
    }
    const events = {
      message: ['response.output_text.delta', { content_index: 0 }],
      function_call: ['response.function_call_arguments.delta', {}],
      reasoning: ['response.reasoning_summary_text.delta', { summary_index: 0 }],
    } as const
    fc.assert(
      fc.property(fc.array(item, { maxLength: 4 }), order, (items, mix) => {
        const output = items.map(({ kind, text, name: called }, at) => shapes[kind](`i${at}`, text[0], called))
        const streams = items.map(({ kind, text, name: called }, output_index) => [
          { type: 'response.output_item.added', output_index, item: shapes[kind](`i${output_index}`, '', called) },
          ...pieces(text).map((delta) => ({ type: events[kind][0], output_index, ...events[kind][1], delta })),
        ])
        const end = { status: 'completed', output: isWhole ? output : [] }
        const chunks = [
          { type: 'response.created', response: { status: 'in_progress', output: [] } },
          ...mixed(streams, mix),
          { type: 'response.completed', response: end },
        ]
        expect(read(mapping, { chunks })).toEqual(read(mapping, { whole: { status: 'completed', output } }))
      }),
      { numRuns: 300 },
    )
  })
})
