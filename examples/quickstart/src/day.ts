import { setTimeout as sleep } from 'node:timers/promises'
import type { Flywheel } from '@flywheel/sdk'
import type OpenAI from 'openai'
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import { draftReply } from './drafting.js'
import type { Person } from './people.js'
import { chooseBetween, type Desk, react, wantsAnother } from './reactions.js'
import { SYSTEM_PROMPT, TOPICS } from './support-desk.js'

export interface Day {
  flywheel: Flywheel
  openai: OpenAI
  people: Person[]
  /** Mean pause of a person between two turns, ms. */
  pauseMs: number
}

/** Everyone works at the same time, each in sessions one after another; what comes late comes at the end. */
export async function workDay({ flywheel, openai, people, pauseMs }: Day): Promise<void> {
  const desk: Desk = { flywheel, later: [] }
  await Promise.all(people.map((person) => workSessions(desk, openai, person, pauseMs)))
  for (const arrive of desk.later) arrive()
}

async function workSessions(desk: Desk, openai: OpenAI, person: Person, pauseMs: number): Promise<void> {
  const withdrawsAfter = person.consent === 'withdraws' ? person.draws.below(person.sessions) : -1
  for (let index = 0; index < person.sessions; index += 1) {
    await workSession(desk, openai, person, `${person.id}/${index + 1}`, pauseMs)
    if (index === withdrawsAfter)
      desk.flywheel.consent.withdraw({ user: person.id }, 'train', { basis: 'settings page' })
  }
}

async function workSession(
  desk: Desk,
  openai: OpenAI,
  person: Person,
  session: string,
  pauseMs: number,
): Promise<void> {
  const { flywheel } = desk
  const { draws } = person
  const topic = draws.pick(TOPICS)
  const messages: ChatCompletionMessageParam[] = [{ role: 'system', content: SYSTEM_PROMPT }]
  const context = {
    user: person.id,
    session,
    task: 'reply',
    surface: 'composer',
    promptName: 'support-reply',
    promptVersion: draws.chance(0.7) ? '7' : '8',
    ...(person.consent === 'refused' && { consent: { train: 'denied' as const } }),
  }
  const turns = 1 + draws.poisson(1.3)
  for (let index = 0; index < turns; index += 1) {
    const question = draws.pick(index === 0 ? topic.questions : topic.followUps)
    messages.push({
      role: 'user',
      content: question
        .replace('{order}', `N-${10_000 + draws.below(90_000)}`)
        .replace('{email}', `customer${draws.below(5000)}@example.com`),
    })
    const alternatives = draws.chance(0.15) ? 2 : 1
    let draft = await draftReply(flywheel, openai, { turn: flywheel.turn(context), messages, alternatives, draws })
    let choice = 0
    if (alternatives > 1) choice = chooseBetween(desk, draft, person)
    else {
      for (let tries = 0; tries < 2 && wantsAnother(draft, person); tries += 1) {
        const turn = flywheel.turn({ ...context, regeneratedFrom: draft.interaction })
        const next = await draftReply(flywheel, openai, { turn, messages, draws })
        flywheel.feedback.regenerate(draft.interaction, next.interaction, { author: person.id, session })
        draft = next
      }
    }
    const { sent } = react(desk, draft, choice, person)
    messages.push({ role: 'assistant', content: sent ?? draft.texts[choice] ?? '' })
    if (pauseMs > 0) await sleep(draws.logNormal(pauseMs, 0.6))
  }
}
