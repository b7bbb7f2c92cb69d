import type { HoldBlob } from '../blobs.js'
import type { Accumulator, AnswerFields } from '../provider.js'
import { asArray, asCount, asShape, asText, isShape, type Shape } from './shape.js'

/** Events whose `delta` is added to a text of the item itself: the field, and the item's type. */
const ITEM_TEXTS: Record<string, readonly [field: string, type: string]> = {
  'response.function_call_arguments.delta': ['arguments', 'function_call'],
  'response.custom_tool_call_input.delta': ['input', 'custom_tool_call'],
  'response.mcp_call_arguments.delta': ['arguments', 'mcp_call'],
  'response.code_interpreter_call_code.delta': ['code', 'code_interpreter_call'],
}

/** Events whose `delta` is added to one element of a list of the item: the list, its index, the field, the type. */
const LIST_TEXTS: Record<string, readonly [list: string, index: string, field: string, type: string]> = {
  'response.output_text.delta': ['content', 'content_index', 'text', 'output_text'],
  'response.refusal.delta': ['content', 'content_index', 'refusal', 'refusal'],
  'response.reasoning_text.delta': ['content', 'content_index', 'text', 'reasoning_text'],
  'response.reasoning_summary_text.delta': ['summary', 'summary_index', 'text', 'summary_text'],
}

const ENDS = new Set(['response.completed', 'response.incomplete', 'response.failed', 'error'])

/** No answer has so many; an index beyond would cost memory for nothing. */
const MAX_ELEMENTS = 1000

const outputIndex = (event: Shape): number => asCount(event['output_index']) ?? 0

/** An item to write into: helpers of the provider's client go on writing into the event's own. Texts are not copied. */
function ownCopy(item: Shape): Shape {
  const copy = { ...item }
  for (const list of ['content', 'summary']) {
    if (Array.isArray(item[list])) copy[list] = item[list].map((element) => ({ ...asShape(element) }))
  }
  return copy
}

function dropEmpty(item: Shape, list: string): void {
  const elements = item[list]
  if (Array.isArray(elements) && elements.some((element) => isShape(element) && Object.keys(element).length === 0))
    item[list] = elements.filter((element) => !isShape(element) || Object.keys(element).length > 0)
}

/** Collects the events of a streamed response. What the provider says whole at the end wins over its pieces. */
export function responseAccumulator(read: (response: unknown, hold: HoldBlob) => AnswerFields): Accumulator {
  let head: Shape = {}
  let isEnded = false
  const items = new Map<number, Shape>()

  function itemAt(event: Shape, type: string): Shape {
    const index = outputIndex(event)
    let item = items.get(index)
    if (!item) {
      item = { type, id: event['item_id'] }
      items.set(index, item)
    }
    return item
  }

  function listElement(item: Shape, list: string, index: unknown): Shape {
    const elements = asArray(item[list])
    item[list] = elements
    const asked = asCount(index) ?? 0
    const at = asked < MAX_ELEMENTS ? asked : 0
    // No holes: a list that begins at its second element would hold a part that is nothing.
    while (elements.length <= at) elements.push({})
    if (!isShape(elements[at])) elements[at] = {}
    return elements[at] as Shape
  }

  function addDelta(type: string, event: Shape): boolean {
    const { delta } = event
    if (typeof delta !== 'string') return false
    const text = ITEM_TEXTS[type]
    if (text) {
      const item = itemAt(event, text[1])
      item[text[0]] = (asText(item[text[0]]) ?? '') + delta
      return delta !== ''
    }
    const place = LIST_TEXTS[type]
    if (!place) return false
    const [list, index, name, elementType] = place
    const element = listElement(itemAt(event, list === 'content' ? 'message' : 'reasoning'), list, event[index])
    element['type'] ??= elementType
    element[name] = (asText(element[name]) ?? '') + delta
    return delta !== ''
  }

  return {
    add(chunk) {
      const event = asShape(chunk)
      const type = asText(event['type']) ?? ''
      if (type.endsWith('.delta')) return addDelta(type, event)
      if (isShape(event['response'])) head = event['response']
      if (ENDS.has(type)) isEnded = true
      if (type === 'error') head = { ...head, error: { code: event['code'], message: event['message'] } }
      else if (type === 'response.output_item.added' || type === 'response.output_item.done')
        items.set(outputIndex(event), ownCopy(asShape(event['item'])))
      else if (type === 'response.content_part.added' || type === 'response.reasoning_summary_part.added') {
        const [list, index] = 'summary_index' in event ? ['summary', 'summary_index'] : ['content', 'content_index']
        const item = itemAt(event, list === 'summary' ? 'reasoning' : 'message')
        Object.assign(listElement(item, list as string, event[index as string]), asShape(event['part']))
      } else if (type === 'response.output_text.annotation.added') {
        const element = listElement(itemAt(event, 'message'), 'content', event['content_index'])
        element['annotations'] = [...asArray(element['annotations']), event['annotation']]
      }
      return false
    },
    isComplete: () => isEnded,
    fields(hold) {
      const whole = asArray(head['output'])
      const seen = [...items.entries()].sort(([a], [b]) => a - b).map(([, item]) => item)
      for (const item of seen) for (const list of ['content', 'summary']) dropEmpty(item, list)
      return read({ ...head, output: isEnded && whole.length > 0 ? whole : seen }, hold)
    },
  }
}
