import type { Message } from '@flywheel/sdk'
import type { TreeMessage } from './data.js'

/** A message of one text. */
export const text = (role: 'user' | 'assistant', content: string): Message => ({
  role,
  parts: [{ type: 'text', content }],
})

/** An answer of a tree with the conversation before it. */
export interface Reply {
  tree: number
  /** Root first, the message that is answered last. */
  before: TreeMessage[]
  message: TreeMessage
}

/** Every answer of every tree, each after those before it. */
export function repliesOf(trees: readonly TreeMessage[]): Reply[] {
  const replies: Reply[] = []
  const walk = (tree: number, message: TreeMessage, before: TreeMessage[]): void => {
    if (message.role === 'assistant') replies.push({ tree, before, message })
    for (const reply of message.replies) walk(tree, reply, [...before, message])
  }
  trees.forEach((root, tree) => {
    walk(tree, root, [])
  })
  return replies
}
