import type { Flywheel } from '@flywheel/sdk'
import { Hono } from 'hono'
import type OpenAI from 'openai'
import type { Captured } from './captured.js'
import { page, type Script } from './page.js'
import { TICKETS } from './tickets.js'

/** What the app is made of; `main.ts` builds it. */
export interface Parts {
  readonly flywheel: Flywheel
  /** Wrapped. */
  readonly openai: OpenAI
  readonly model: string
  readonly script: Script
  /** What Flywheel has stored of a session. */
  readonly captured: (session: string) => Promise<Captured[]>
  /** Sends a mail and returns its id. */
  readonly send: (to: string, text: string) => Promise<string>
}

interface DraftRequest {
  readonly ticketId: string
  readonly session: string
  /** The interaction that is asked for again. */
  readonly regenerates?: string
}

const USER = 'agent-7'

/** The shop's support desk. */
export function createApp({ flywheel, openai, model, script, captured, send }: Parts): Hono {
  const app = new Hono()
  const relay = flywheel.route()
  app.use('/api/*', flywheel.hono({ user: USER, surface: 'composer' }))

  const messagesOf = (ticketId: string): OpenAI.ChatCompletionMessageParam[] => {
    const ticket = TICKETS.find(({ id }) => id === ticketId)
    if (!ticket) throw new Error(`there is no ticket ${ticketId}`)
    return [
      { role: 'system', content: 'You answer for a furniture shop. Short, friendly, no promises.' },
      { role: 'user', content: ticket.text },
    ]
  }

  app.post('/api/draft', async (c) => {
    const { ticketId, session, regenerates } = await c.req.json<DraftRequest>()
    const turn = flywheel.turn({ session, task: 'reply', regeneratedFrom: regenerates })
    const call = turn.run(() => openai.chat.completions.create({ model, messages: messagesOf(ticketId), stream: true }))
    // The id exists before the first token.
    const headers = { ...turn.headers(), 'flywheel-interaction': flywheel.idOf(call) ?? '' }
    return new Response((await call).toReadableStream(), { headers })
  })

  app.post('/api/pair', async (c) => {
    const { ticketId, session } = await c.req.json<DraftRequest>()
    const turn = flywheel.turn({ session, task: 'reply' })
    const candidates = await turn.run(() =>
      Promise.all(
        [0.2, 1].map(async (temperature) => {
          const call = openai.chat.completions.stream({ model, messages: messagesOf(ticketId), temperature })
          const completion = await call.finalChatCompletion()
          return { id: flywheel.idOf(completion), text: completion.choices[0]?.message.content ?? '' }
        }),
      ),
    )
    return c.json({ ticket: turn.ticket, candidates })
  })

  app.post('/api/send', async (c) => {
    const { ticketId, text, ticket } = await c.req.json<{ ticketId: string; text: string; ticket: string }>()
    const mail = await send(ticketId, text)
    flywheel.feedback.correct({ ticket }, text, { stage: 'committed', ref: `mail:${mail}` })
    return c.json({ mail })
  })

  app.post('/api/flywheel', (c) => relay.POST(c.req.raw))
  app.get('/api/captured', async (c) => c.json(await captured(c.req.query('session') ?? '')))
  app.get('/app.js', (c) => c.body(script.code, 200, { 'content-type': 'text/javascript; charset=utf-8' }))
  app.get('/', (c) => c.html(page))
  return app
}
