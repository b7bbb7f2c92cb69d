import { isUuidv7 } from '@flywheel/schema/wire'
import type { Ai, AiOptions, AiTelemetrySettings } from './ai/delegate.js'
import { type Context, innerFrame, within } from './context.js'
import type { SharedState } from './shared-state.js'
import { TURN } from './target.js'
import type { SignTicket, TicketOptions } from './ticket.js'

/** A turn's context, with the settings of its ticket. */
export interface TurnContext extends Context, Pick<TicketOptions, 'ttl' | 'kinds'> {
  /** A UUIDv7 made before, to go on with a turn. @default a new one */
  id?: string | undefined
  /** The host's own key for the answer; linked to the turn at once. */
  ref?: string | undefined
}

/** What travels to the browser with an answer. */
export interface TurnMetadata {
  flywheel: { turn: string; ticket: string }
}

/** The unit a person sees: one answer, made of one or more calls. Its id and ticket exist before the first token. */
export interface Turn {
  readonly id: string
  /** A capability to give feedback on this turn, '' where the client has no secret key. Signed at first use. */
  readonly ticket: string
  readonly ref: string | undefined
  /** Runs `fn`; calls inside it, also after awaits, are steps of this turn. */
  run<R>(fn: () => R): R
  /**
   * For Vercel's `ai`, version 6 and 7: `streamText({ model, messages, ...turn.ai() })` records each step of the call.
   * `telemetry` are the host's own settings for the same call. Ask for it anew for each call.
   */
  ai(telemetry?: AiTelemetrySettings): AiOptions
  /** For Vercel's `ai`, version 5 to 7: the model, its calls recorded as steps of this turn. */
  model<M>(model: M): M
  /** Response headers from which a browser reads id and ticket. */
  headers(): Record<string, string>
  /** For `toUIMessageStreamResponse({ messageMetadata })`: id and ticket with the start of the message. */
  readonly messageMetadata: (options?: { part?: { type?: string } }) => TurnMetadata | undefined
  readonly [TURN]: Context
}

/** Makes a turn inside the current frame. `sign` gives '' where nothing can sign. */
export function createTurn(
  { id: givenId, ref, ttl, kinds, ...given }: TurnContext,
  state: SharedState,
  sign: SignTicket,
  ai: Ai,
): Turn {
  const lower = String(givenId).toLowerCase()
  // Often from a request: the collector refuses a call whose turn is none, and a header would carry anything.
  const id = isUuidv7(lower) ? lower : state.newId()
  const frame = innerFrame(state.store.getStore(), given, { turnId: id })
  const { user, session } = frame.context
  let ticket: string | undefined
  const turn: Turn = {
    id,
    ref,
    [TURN]: frame.context,
    get ticket() {
      ticket ??= sign(turn, { ttl, kinds, author: user, session })
      return ticket
    },
    run: (fn) => state.store.run(within(frame, state.store.getStore()), fn),
    ai: (telemetry) => ai.options(frame, telemetry),
    model: (model) => ai.model(model, frame),
    headers: () => ({ 'flywheel-turn': id, ...(turn.ticket && { 'flywheel-ticket': turn.ticket }) }),
    messageMetadata: (options) =>
      options?.part && options.part.type !== 'start' ? undefined : { flywheel: { turn: id, ticket: turn.ticket } },
  }
  frame.turn = turn
  return turn
}
