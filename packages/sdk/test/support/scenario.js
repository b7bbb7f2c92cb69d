/** What every runtime runs against the built package: nothing of Node, nothing of TypeScript. */
import { createFlywheel } from '@flywheel/sdk'
import OpenAI from 'openai'

const messages = [{ role: 'user', content: 'Hi' }]

/** Made at module scope, where Workers forbid random values, timers and requests. */
export function start({ url, provider, waitUntil, ...options }) {
  const apiKey = 'fw_sk_0123456789AB_abcdefghijklmnopqrstuvwxyzABCDEF12Kl6A'
  const flywheel = createFlywheel({ url, apiKey, waitUntil, ...options })
  const openai = flywheel.wrap(new OpenAI({ apiKey: 'x', baseURL: provider, maxRetries: 0 }))
  return { flywheel, openai }
}

/** A turn of a call and a stream, its ticket and a correction. */
export async function scenario({ flywheel, openai }, user = 'u') {
  const turn = flywheel.turn({ user, task: 'reply' })
  const inside = await turn.run(async () => {
    const call = openai.chat.completions.create({ model: 'm', messages })
    const id = flywheel.idOf(call)
    await call
    // Whether the runtime carries the context over an await.
    const follows = flywheel.currentTurn() === turn
    const stream = await turn.run(() => openai.chat.completions.create({ model: 'm', messages, stream: true }))
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? ''
    return { id, follows, text }
  })
  const correction = flywheel.feedback.correct(turn, 'better')
  return { user, turn: turn.id, ticket: turn.ticket, correction, ...inside }
}
