import type { HoldBlob } from '../blobs.js'
import type { Accumulator, AnswerFields } from '../provider.js'
import { asArray, asShape, asText, type Shape } from './shape.js'
import { readEvents } from './sse.js'

/** A content block while it grows: texts are joined once, at the end. */
interface GrowingBlock {
  readonly start: Shape
  text: string
  /** The model's exact text of a tool's input. */
  json: string
  thinking: string
  readonly citations: unknown[]
  /** Fields that a delta replaces: the signature, and what a later version of the API adds. */
  readonly replaced: Shape
}

const grownBlock = ({ start, text, json, thinking, citations, replaced }: GrowingBlock): Shape => ({
  ...start,
  ...(text && { text: (asText(start['text']) ?? '') + text }),
  ...(thinking && { thinking: (asText(start['thinking']) ?? '') + thinking }),
  ...(json && { input: json }),
  ...(citations.length > 0 && { citations: [...asArray(start['citations']), ...citations] }),
  ...replaced,
})

/** Writes what is there over what was; the counters of a stream are totals, so they are never added up. */
function overwrite(before: Shape, after: unknown): void {
  for (const [key, value] of Object.entries(asShape(after))) {
    if (value !== null && value !== undefined) before[key] = value
  }
}

/**
 * Collects a stream of message events, or of the bytes that carry them. `read` makes the fields of a whole message, so that a streamed and a whole answer
 * are read by the same code.
 */
export function messageAccumulator(read: (message: Shape, hold: HoldBlob) => AnswerFields): Accumulator {
  const head: Shape = {}
  const usage: Shape = {}
  const blocks = new Map<number, GrowingBlock>()
  const unknown: unknown[] = []

  function blockAt(index: unknown, start: unknown): GrowingBlock {
    const at = typeof index === 'number' ? index : blocks.size
    let block = blocks.get(at)
    if (!block) {
      block = { start: { ...asShape(start) }, text: '', json: '', thinking: '', citations: [], replaced: {} }
      blocks.set(at, block)
    }
    return block
  }

  /** True if the model wrote something; a signature or a citation is no token. */
  function addDelta(block: GrowingBlock, { type, ...delta }: Shape): boolean {
    let piece = ''
    if (type === 'text_delta') block.text += piece = asText(delta['text']) ?? ''
    else if (type === 'input_json_delta') block.json += piece = asText(delta['partial_json']) ?? ''
    else if (type === 'thinking_delta') block.thinking += piece = asText(delta['thinking']) ?? ''
    else if (type === 'citations_delta') block.citations.push(delta['citation'])
    else overwrite(block.replaced, delta)
    return piece !== ''
  }

  function add(chunk: unknown): boolean {
    const event = asShape(chunk)
    switch (event['type']) {
      case 'content_block_delta':
        return addDelta(blockAt(event['index'], {}), asShape(event['delta']))
      case 'content_block_start':
        blockAt(event['index'], event['content_block'])
        return false
      case 'message_start': {
        // The library fills this very object while it streams: its content is read from the events instead.
        const { content: _, usage: given, ...message } = asShape(event['message'])
        overwrite(head, message)
        overwrite(usage, given)
        return false
      }
      case 'message_delta': {
        const { type: _, delta, usage: given, ...rest } = event
        overwrite(head, rest)
        overwrite(head, delta)
        overwrite(usage, given)
        return false
      }
      case 'content_block_stop':
      case 'message_stop':
      case 'ping':
        return false
    }
    unknown.push(chunk)
    return false
  }

  let isContent = false
  let addBytes: ((bytes: Uint8Array) => void) | undefined

  return {
    add(chunk) {
      if (!(chunk instanceof Uint8Array)) return add(chunk)
      isContent = false
      addBytes ??= readEvents((event) => {
        isContent = add(event) || isContent
      })
      addBytes(chunk)
      return isContent
    },
    isComplete: () => asText(head['stop_reason']) !== undefined,
    fields(hold) {
      const content = [...blocks].sort(([a], [b]) => a - b).map(([, block]) => grownBlock(block))
      return read({ ...head, ...(unknown.length > 0 && { events: unknown }), usage, content }, hold)
    },
  }
}
