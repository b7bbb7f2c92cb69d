import type { HoldBlob } from '../blobs.js'
import type { Accumulator, AnswerFields } from '../provider.js'
import { asArray, asCount, asShape, asText, isShape, type Shape } from './shape.js'

/** The counters of an answer that are totals of its own request. */
const COUNTERS = [
  'promptTokenCount',
  'toolUsePromptTokenCount',
  'candidatesTokenCount',
  'thoughtsTokenCount',
  'cachedContentTokenCount',
  'totalTokenCount',
]

interface GrowingCandidate {
  /** In order of generation; texts of one kind that follow one another are one part. */
  readonly parts: Shape[]
  readonly head: Shape
}

const isPlainText = (part: Shape): boolean => typeof part['text'] === 'string'

/** A part of our own to add to; so are the arguments of a call that come in pieces. */
function ownPart(part: Shape): Shape {
  const { functionCall } = part
  if (!isShape(functionCall) || !functionCall['willContinue']) return { ...part }
  return { ...part, functionCall: { ...functionCall, partialArgs: [...asArray(functionCall['partialArgs'])] } }
}

/** Goes on with a call whose arguments come in pieces; false if the last part is no such call. */
function continueCall(last: Shape, part: Shape): boolean {
  const [open, more] = [asShape(last['functionCall']), part['functionCall']]
  if (!open['willContinue'] || !isShape(more)) return false
  asArray(open['partialArgs']).push(...asArray(more['partialArgs']))
  Object.assign(open, more, { partialArgs: open['partialArgs'], willContinue: more['willContinue'] })
  for (const key in part) if (key !== 'functionCall') last[key] = part[key]
  return true
}

function addPart(parts: Shape[], part: Shape): boolean {
  const last = parts.at(-1)
  const isText = isPlainText(part)
  // A signature ends a text: what follows it is another part.
  if (last && isText && isPlainText(last) && !last['thought'] === !part['thought'] && !last['thoughtSignature']) {
    const text = `${last['text']}${part['text']}`
    for (const key in part) last[key] = part[key]
    last['text'] = text
  } else if (!last || !continueCall(last, part)) parts.push(ownPart(part))
  return !isText || part['text'] !== ''
}

/**
 * Collects a stream of `GenerateContentResponse`. `read` makes the fields of a whole response, so that a streamed and a
 * whole answer are read by the same code.
 */
export function contentAccumulator(read: (response: Shape, hold: HoldBlob) => AnswerFields): Accumulator {
  const head: Shape = {}
  const candidates = new Map<number, GrowingCandidate>()
  /** Usage of the requests before this one: automatic function calling makes several for one stream. */
  let before: Shape = {}
  let usage: Shape = {}

  function endRequest(): void {
    before = total()
    usage = {}
    for (const candidate of candidates.values()) delete candidate.head['finishReason']
  }

  /** The last total of a request wins; the totals of several are added. */
  function total(): Shape {
    const sum: Shape = { ...before, ...usage }
    for (const name of COUNTERS) {
      const [a, b] = [asCount(before[name]), asCount(usage[name])]
      if (a !== undefined && b !== undefined) sum[name] = a + b
    }
    return sum
  }

  function addCandidate(value: unknown): boolean {
    const given = asShape(value)
    const at = asCount(given['index']) ?? 0
    let candidate = candidates.get(at)
    if (!candidate) {
      candidate = { parts: [], head: {} }
      candidates.set(at, candidate)
    }
    const content = asShape(given['content'])
    if (content['role'] === 'user') endRequest()
    let isContent = false
    for (const part of asArray(content['parts']))
      if (isShape(part)) isContent = addPart(candidate.parts, part) || isContent
    for (const key in given) {
      const value = given[key]
      if (key !== 'index' && key !== 'content' && value !== undefined && value !== null) candidate.head[key] = value
    }
    return isContent
  }

  return {
    add(chunk) {
      const response = asShape(chunk)
      let isContent = false
      for (const key in response) {
        const value = response[key]
        if (key === 'candidates') {
          for (const candidate of asArray(value)) isContent = addCandidate(candidate) || isContent
        } else if (key === 'usageMetadata') usage = { ...asShape(value) }
        else if (key !== 'sdkHttpResponse' && value !== undefined && value !== null) head[key] = value
      }
      return isContent
    },
    isComplete: () =>
      candidates.size > 0
        ? [...candidates.values()].every(({ head: { finishReason } }) => asText(finishReason) !== undefined)
        : isShape(head['promptFeedback']),
    fields(hold) {
      const whole = [...candidates].map(([index, candidate]) => ({
        ...candidate.head,
        index,
        content: { role: 'model', parts: candidate.parts },
      }))
      const usageMetadata = total()
      return read({ ...head, candidates: whole, ...(Object.keys(usageMetadata).length > 0 && { usageMetadata }) }, hold)
    },
  }
}
