import type { HoldBlob } from '../blobs.js'
import type { Accumulator, AnswerFields } from '../provider.js'
import { asArray, asCount, asShape, asText, isShape, type Shape } from './shape.js'

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
  let usage: Shape = {}
  /** Calls that automatic function calling made and their responses, each pair the end of one request of several. */
  const called: unknown[] = []
  /** How the last of these requests ended; it is the answer as long as no other one comes. */
  let before: { candidate: Shape; usage: Shape } | undefined

  /** The library answers the calls of the first candidate and asks again. */
  function endRequest(candidate: GrowingCandidate, responses: unknown): void {
    const content = { role: 'model', parts: candidate.parts }
    before = { candidate: { ...candidate.head, index: 0, content }, usage }
    called.push(content, { role: 'user', parts: asArray(responses) })
    candidates.clear()
    usage = {}
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
    if (content['role'] === 'user') {
      endRequest(candidate, content['parts'])
      return false
    }
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
        : before !== undefined || isShape(head['promptFeedback']),
    fields(hold) {
      const whole = [...candidates].map(([index, candidate]) => ({
        ...candidate.head,
        index,
        content: { role: 'model', parts: candidate.parts },
      }))
      const isOver = whole.length === 0 && before !== undefined
      const usageMetadata = isOver ? before?.usage : usage
      return read(
        {
          ...head,
          candidates: isOver ? [before?.candidate] : whole,
          automaticFunctionCallingHistory: called,
          ...(Object.keys(usageMetadata ?? {}).length > 0 && { usageMetadata }),
        },
        hold,
      )
    },
  }
}
