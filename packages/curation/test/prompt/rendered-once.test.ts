import { expect, it } from 'vitest'
import { renderChat } from '../../src/prompt/chat.js'
import { text } from '../support.js'

const thinking = {
  role: 'assistant' as const,
  parts: [
    { type: 'reasoning' as const, content: 'They ask for the time.' },
    { type: 'text' as const, content: 'At noon.' },
  ],
}
const exchange = {
  system: [{ type: 'text' as const, content: 'You answer letters.' }],
  messages: [text('user', 'When?'), thinking, text('user', 'And then?')],
}

it('renders the messages of an exchange once, and what they are without thoughts apart from what they are with them', () => {
  const answers = [thinking, text('assistant', 'At one.')]
  for (const keepsReasoning of [false, true, false, true]) {
    const chat = renderChat(exchange, answers, keepsReasoning)
    expect(chat).toEqual(renderChat(structuredClone(exchange), structuredClone(answers), keepsReasoning))
    expect(JSON.stringify(chat).includes('They ask')).toBe(keepsReasoning)
  }
  const [one, other] = [renderChat(exchange, answers), renderChat(exchange, answers.slice(1))]
  if (typeof one === 'string' || typeof other === 'string') throw new Error('not rendered')
  expect(one.prompt).toBe(other.prompt)
  expect(one.completions[1]).toBe(other.completions[0])
})

it('keeps thoughts on both sides or on none, also where a side was rendered alone before', () => {
  const alone = renderChat(exchange, [thinking], true)
  expect(JSON.stringify(alone)).toContain('"reasoning_content":"They ask for the time."')
  const pair = renderChat(exchange, [thinking, text('assistant', 'At one.')], true)
  if (typeof pair === 'string') throw new Error('not rendered')
  expect(pair.completions).toEqual([
    { role: 'assistant', content: 'At noon.' },
    { role: 'assistant', content: 'At one.' },
  ])
})
