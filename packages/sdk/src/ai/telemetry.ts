import type { JsonObject, JsonValue } from '@flywheel/schema/wire'
import type { HoldBlob } from '../blobs.js'
import type { Call } from '../call.js'
import type { Capture } from '../capture.js'
import { type Frame, innerFrame } from '../context.js'
import { asArray, asShape, asText, isShape, type Shape } from '../providers/shape.js'
import { generatedFields } from './answer.js'
import { observeModelCall } from './model-call.js'
import { plainValue } from './plain.js'
import { requestFields } from './request.js'
import { type AiSession, sessionFrame, startCall, takeRecorded } from './session.js'

/** What the integration knows of one `generateText` or the like; several share a session where its hooks were copied. */
interface Operation {
  /** The start's event: settings that every step has. */
  start: Shape
  /** The step's event: what the model is asked next. */
  step?: Shape | undefined
  /** The step's record. */
  call?: Call | undefined
  /** True if the step is recorded from events alone, because nothing leads us to the model's call. */
  isFromEvents?: boolean | undefined
  /** An attempt that failed and may be tried again: one record for all of them. */
  failed?: { readonly call: Call; readonly error: unknown } | undefined
  /** True where another integration of ours records the same call. */
  isElsewhere?: boolean | undefined
  /** Executions of tools by the call's id. */
  readonly tools: Map<string, Call>
}

interface State {
  readonly operations: Map<string, Operation>
}

/** What `executeLanguageModelCall` of version 7 gets. */
export type ModelExecution = Shape & { readonly execute: () => PromiseLike<unknown> }

/** Version 6 has no id of a call: its hooks belong to one. */
const keyOf = (event: unknown): string => asText(asShape(event)['callId']) ?? ''

function operations(session: AiSession): Map<string, Operation> {
  session.state ??= { operations: new Map() } satisfies State
  return (session.state as State).operations
}

function operationOf(session: AiSession, event: unknown): Operation | undefined {
  return operations(session).get(keyOf(event))
}

/** The frame of what a step does: its children name it. */
function childFrame(capture: Capture, session: AiSession, parentId: string | undefined): Frame | undefined {
  const frame = sessionFrame(capture, session)
  return parentId ? innerFrame(frame, {}, { parentId }) : frame
}

/** What the model is asked, as far as events tell it; `prompt` is there from version 7 on. */
function askedOf({ start, step = {} }: Operation, settings: Shape = {}): Shape {
  const prompt = asArray(step['promptMessages'])
  return {
    ...start,
    ...settings,
    abortSignal: start['abortSignal'],
    system: step['instructions'] ?? step['system'] ?? start['instructions'] ?? start['system'],
    messages: step['messages'] ?? settings['messages'],
    prompt: prompt.length > 0 ? prompt : undefined,
    tools: step['stepTools'] ?? settings['tools'] ?? step['tools'],
    toolChoice: step['stepToolChoice'] ?? step['toolChoice'],
    providerOptions: step['providerOptions'],
  }
}

function modelOf(event: unknown): { provider: unknown; modelId: unknown } {
  const told = asShape(event)
  const model = isShape(told['model']) ? told['model'] : told
  return { provider: model['provider'], modelId: model['modelId'] }
}

/** What the attempts of a step came to, once nobody tries again. */
function settle(operation: Operation | undefined): void {
  const failed = operation?.failed
  if (!operation || !failed) return
  operation.failed = undefined
  failed.call.end('error', undefined, failed.error)
}

/** A step's answer without what the host's tools added to it. */
function answeredBy(step: Shape): Shape {
  const content = asArray(step['content']).filter((value) => {
    const { type, providerExecuted } = asShape(value)
    return providerExecuted === true || !/^tool-(?:result|error|approval|output)/.test(String(type))
  })
  return { ...step, content }
}

/** Runs a step's call of the model as its record; attempts that fail are kept until the step is over. */
export function observeStep<R>(
  capture: Capture,
  session: AiSession,
  operation: Operation,
  settings: Shape,
  resultIn: (value: unknown) => unknown,
  run: () => PromiseLike<R>,
): PromiseLike<R> {
  const retried = operation.failed?.call
  operation.failed = undefined
  return observeModelCall(
    {
      capture,
      session,
      model: modelOf(operation.step ?? settings),
      options: askedOf(operation, settings),
      retried: () => retried,
      resultIn,
      onCall(call) {
        operation.call = call
      },
      onFailure(call, error) {
        operation.failed = { call, error }
        call.onAbandon = () => call.end('error', undefined, error)
      },
    },
    run,
  )
}

/** What the host's `output` asks of the model; known by then, since the SDK itself waits for it before the call. */
export async function responseFormatOf(operation: Operation): Promise<unknown> {
  try {
    return await asShape(operation.step?.['output'])['responseFormat']
  } catch {
    return undefined
  }
}

/** Version 7 hands the call of the model itself over. */
export async function executeModel(capture: Capture, session: AiSession, given: ModelExecution): Promise<unknown> {
  const operation: Operation = operationOf(session, given) ?? { start: {}, tools: new Map() }
  const { execute, ...settings } = given
  if (operation.isElsewhere) return execute()
  const responseFormat = await responseFormatOf(operation)
  return observeStep(capture, session, operation, { ...settings, responseFormat }, (value) => value, execute)
}

function startTool(capture: Capture, session: AiSession, operation: Operation, id: string): Call {
  let call = operation.tools.get(id)
  if (!call) {
    // Not the session's next interaction: what the model answers has that id.
    call = startCall(capture, undefined, childFrame(capture, session, operation.call?.id))
    operation.tools.set(id, call)
  }
  return call
}

/** Runs a tool so that calls of models inside it are its children. */
export function runTool<R>(capture: Capture, session: AiSession, event: unknown, toolCallId: unknown, run: () => R): R {
  const operation = operationOf(session, event)
  if (!operation || operation.isElsewhere || typeof toolCallId !== 'string') return run()
  let frame: Frame
  try {
    const { id } = startTool(capture, session, operation, toolCallId)
    frame = innerFrame(sessionFrame(capture, session), {}, { parentId: id })
  } catch (error) {
    capture.report('capture_failed', 'a tool’s execution is not recorded', error)
    return run()
  }
  return capture.state.store.run(frame, run)
}

function toolStarted(capture: Capture, session: AiSession, operation: Operation, event: Shape): void {
  const { toolCallId, toolName, input } = asShape(event['toolCall'])
  const id = String(toolCallId)
  startTool(capture, session, operation, id).request((hold) => ({
    operation: 'execute_tool',
    messages: [
      {
        role: 'assistant',
        parts: [
          {
            type: 'tool_call',
            id,
            name: String(toolName),
            arguments: typeof input === 'string' ? input : (plainValue(input ?? {}, hold) as JsonObject),
          },
        ],
      },
    ],
  }))
}

/** `toolOutput` is version 7's, the rest version 6's. */
function toolEnded(operation: Operation, event: Shape): void {
  const id = String(asShape(event['toolCall'])['toolCallId'])
  const call = operation.tools.get(id)
  operation.tools.delete(id)
  const told = asShape(event['toolOutput'])
  const isError = event['success'] === false || told['type'] === 'tool-error'
  const error = told['error'] ?? event['error']
  if (isError) call?.end('error', undefined, error ?? 'failed')
  else
    call?.end('ok', (hold: HoldBlob) => {
      const response = plainValue(told['output'] ?? event['output'] ?? null, hold) as JsonValue
      return { outputs: [{ role: 'tool', parts: [{ type: 'tool_call_response', id, response }] }], has_text: false }
    })
}

/** Without a way to the model's own call, a step is what its events say; what an abort left is not among it. */
function startFromEvents(capture: Capture, session: AiSession, operation: Operation): void {
  const call = startCall(capture, session, sessionFrame(capture, session))
  operation.call = call
  operation.isFromEvents = true
  call.request((hold) => requestFields({ ...modelOf(operation.step), options: askedOf(operation) }, hold))
  call.onAbandon = () => call.end('partial')
  const signal = operation.step?.['abortSignal']
  if (signal instanceof AbortSignal) signal.addEventListener('abort', () => call.end('aborted'), { once: true })
}

function finishFromEvents(capture: Capture, operation: Operation, result: Shape): void {
  if (!operation.isFromEvents) return
  operation.isFromEvents = false
  const responseId = asText(asShape(result['response'])['id'])
  // The model was observed too, and knows more.
  if (takeRecorded(capture, responseId)) operation.call?.drop()
  else operation.call?.end('ok', (hold) => generatedFields(answeredBy(result), hold))
}

/** `generateObject` and `streamObject`, which tell no call of the model; version 7 alone tells them at all. */
function objectStarted(capture: Capture, session: AiSession, operation: Operation, step: Shape): void {
  const { schema, schemaName, schemaDescription } = operation.start
  const responseFormat = { type: 'json', schema, name: schemaName, description: schemaDescription }
  operation.start = { ...operation.start, responseFormat }
  operation.step = step
  startFromEvents(capture, session, operation)
}

/** What a client's integrations know of one another. */
interface Running {
  /** Operations by the start's event, which version 6 hands to each integration. */
  readonly byEvent: WeakMap<object, Operation>
  /** Operations by the id that version 7 gives each; bounded, since an end may never come. */
  readonly byId: Map<string, Operation>
}

const running = new WeakMap<Capture, Running>()
const MAX_RUNNING = 1000

/** Version 6 does not tell two calls apart, and a prompt with another one's answer is worse than no record. */
export function mix(capture: Capture, session: AiSession): void {
  if (session.isMixed) return
  session.isMixed = true
  capture.report('ai_not_recorded', 'turn.ai(): one result of it serves one call at a time; ask for it anew for each')
}

/** One call is recorded by one integration: the one that sees the model's call, else the first. */
function start(capture: Capture, session: AiSession, event: Shape): void {
  const key = keyOf(event)
  const operation: Operation = { start: event, tools: new Map() }
  const { byEvent, byId } = running.get(capture) ?? { byEvent: new WeakMap(), byId: new Map() }
  running.set(capture, { byEvent, byId })
  const other = key ? byId.get(key) : byEvent.get(event)
  if (!key && session.hasTracer && operations(session).has(key)) mix(capture, session)
  operations(session).set(key, operation)
  if (other && session.hasTracer) other.isElsewhere = true
  else if (other) operation.isElsewhere = true
  if (!key) byEvent.set(event, operation)
  else if (!other) byId.set(key, operation)
  const oldest = byId.size > MAX_RUNNING ? byId.keys().next().value : undefined
  if (oldest !== undefined) byId.delete(oldest)
}

/** Takes one event of an integration of version 6 or 7. */
export function onEvent(capture: Capture, session: AiSession, name: string, given: unknown): void {
  const event = asShape(given)
  if (name === 'onStart') {
    start(capture, session, event)
    return
  }
  const operation = operationOf(session, event)
  if (!operation) return
  if (operation.isElsewhere || session.isMixed) {
    if (name === 'onEnd' || name === 'onFinish') end(capture, session, event)
    return
  }
  switch (name) {
    case 'onStepStart':
      operation.step = event
      operation.call = undefined
      // Version 7 hands the model's call over, and version 6 runs it in a span where we are the tracer.
      if (!session.hasTracer && !('callId' in event)) startFromEvents(capture, session, operation)
      break
    case 'onStepFinish':
      settle(operation)
      finishFromEvents(capture, operation, event)
      operation.step = undefined
      break
    case 'onToolCallStart':
    case 'onToolExecutionStart':
      toolStarted(capture, session, operation, event)
      break
    case 'onToolCallFinish':
    case 'onToolExecutionEnd':
      toolEnded(operation, event)
      break
    case 'onObjectStepStart':
      objectStarted(capture, session, operation, event)
      break
    case 'onObjectStepEnd':
      finishFromEvents(capture, operation, { ...event, text: event['objectText'] })
      break
    case 'onAbort':
      operation.call?.abandon()
      end(capture, session, event)
      break
    case 'onError':
      settle(operation)
      if (operation.isFromEvents) operation.call?.end('error', undefined, event['error'])
      end(capture, session, event)
      break
    case 'onEnd':
    case 'onFinish':
      end(capture, session, event)
  }
}

/** Nothing of the operation comes any more. */
export function end(capture: Capture, session: AiSession, event: unknown): void {
  const operation = operationOf(session, event)
  settle(operation)
  for (const call of operation?.tools.values() ?? []) call.abandon()
  operations(session).delete(keyOf(event))
  running.get(capture)?.byId.delete(keyOf(event))
}

/** The operation of version 6 that a span belongs to. */
export const spannedOperation = (session: AiSession): Operation | undefined => operations(session).get('')
