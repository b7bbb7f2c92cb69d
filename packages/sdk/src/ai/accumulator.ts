import type { Part } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'
import type { Accumulator, AnswerFields } from '../provider.js'
import { asArray, asShape, asText, type Shape } from '../providers/shape.js'
import { answerOf } from './answer.js'
import { contentPart } from './parts.js'

/** A block of text or reasoning, or a tool call whose input is still being written. */
interface Block {
  readonly type: 'text' | 'reasoning' | 'tool-input'
  text: string
  toolName?: string | undefined
  providerExecuted?: unknown
  providerMetadata?: unknown
}

/** One entry of the answer: a block that grows, or a part that came whole. */
type Entry = Block | { readonly type: 'whole'; readonly part: Shape }

/** Collects the parts of a streamed answer of a model of any version. */
export interface StreamAccumulator extends Accumulator {
  /** The first error that the stream told as a part, and whether one came. */
  readonly failure: { error: unknown } | undefined
}

/** The order of the answer is the order in which its blocks began, so text before a tool call stays before it. */
export function streamAccumulator(): StreamAccumulator {
  const entries: Entry[] = []
  const open = new Map<string, Block>()
  const head: Shape = {}
  let failure: { error: unknown } | undefined
  let isFinished = false

  function block(kind: Block['type'], id: unknown): Block {
    const key = `${kind} ${String(id)}`
    let found = open.get(key)
    if (!found) {
      found = { type: kind, text: '' }
      open.set(key, found)
      entries.push(found)
    }
    return found
  }

  function grow(kind: Block['type'], part: Shape): boolean {
    const found = block(kind, part['id'])
    const delta = asText(part['delta']) ?? ''
    found.text += delta
    if (part['providerMetadata']) found.providerMetadata = part['providerMetadata']
    return delta !== ''
  }

  function whole(part: Shape): boolean {
    // The call itself comes after its input was streamed: it takes the place that the input has.
    const streamed = part['type'] === 'tool-call' ? open.get(`tool-input ${String(part['toolCallId'])}`) : undefined
    const entry: Entry = { type: 'whole', part }
    if (streamed) entries[entries.indexOf(streamed)] = entry
    else entries.push(entry)
    return true
  }

  function add(part: Shape): boolean {
    const type = asText(part['type']) ?? ''
    switch (type) {
      case 'text-start':
      case 'text-delta':
      case 'text-end':
        return grow('text', part)
      case 'reasoning-start':
      case 'reasoning-delta':
      case 'reasoning-end':
        return grow('reasoning', part)
      case 'tool-input-start': {
        const call = block('tool-input', part['id'])
        call.toolName = asText(part['toolName'])
        call.providerExecuted = part['providerExecuted']
        return true
      }
      case 'tool-input-delta':
        return grow('tool-input', part)
      case 'stream-start':
        head['warnings'] = part['warnings']
        return false
      case 'response-metadata':
        head['response'] = { ...asShape(head['response']), ...part }
        return false
      case 'finish':
        isFinished = true
        head['usage'] = part['usage']
        head['finishReason'] = part['finishReason']
        head['providerMetadata'] = part['providerMetadata']
        return false
      case 'error':
        failure ??= { error: part['error'] }
        return false
      case 'tool-input-end':
      case 'raw':
      case 'ping':
        return false
      default:
        return whole(part)
    }
  }

  function partOf(entry: Entry, key: string | undefined, hold: HoldBlob): Part {
    if (entry.type === 'whole') return contentPart(entry.part, hold)
    const { type, text, toolName, providerExecuted, providerMetadata } = entry
    if (type !== 'tool-input') return contentPart({ type, text, providerMetadata }, hold)
    return contentPart({ type: 'tool-call', toolCallId: key, toolName, input: text, providerExecuted }, hold)
  }

  return {
    get failure() {
      return failure
    },
    add: (chunk) => add(asShape(chunk)),
    isComplete: () => isFinished && failure === undefined,
    fields(hold): AnswerFields {
      const ids = new Map([...open].map(([key, found]) => [found, key.slice(key.indexOf(' ') + 1)]))
      const parts = entries
        .filter((entry) => entry.type === 'whole' || entry.type === 'tool-input' || entry.text !== '')
        .map((entry) => partOf(entry, entry.type === 'whole' ? undefined : ids.get(entry), hold))
      return answerOf(parts, { ...head, warnings: asArray(head['warnings']) })
    },
  }
}
