import { existsSync, readFileSync } from 'node:fs'
import type { Message } from '@flywheel/schema'
import { expect, it } from 'vitest'
import { normaliseText } from '../src/text/normalise.js'
import { pairsOf, START, Story, text } from './support.js'

// Real edits and rankings, beside the project where it has them; see ../shared/data/README.md.
const folder = new URL('../../../../shared/data/', import.meta.url)
const isThere = existsSync(new URL('writer-edits.jsonl', folder))
if (!isThere) console.info('replay: ../shared/data is absent, so nothing is replayed')

function lines<T>(name: string): T[] {
  return readFileSync(new URL(name, folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

interface Edit {
  item: string
  instruction: string
  served: string
  kept: string
}

it.skipIf(!isThere)('agrees with independent rankings where writers edited', () => {
  const edits = lines<Edit>('writer-edits.jsonl')
  const rankings = lines<{ item: string; order_best_first: string[] }>('writer-rankings.jsonl')
  const story = new Story()
  const itemOf = new Map<string, string>()
  edits.forEach((edit, n) => {
    const id = story.ask({ time: START + n * 1000, user: `w${n}`, prompt: edit.instruction, output: edit.served })
    story.say('correction', id, { author_id: `w${n}`, kept: edit.kept })
    itemOf.set(edit.served.slice(0, 60), edit.item)
  })
  const pairs = pairsOf(story.curate())
  expect(pairs.length).toBeGreaterThan(edits.length * 0.9)
  let agree = 0
  let judged = 0
  for (const pair of pairs) {
    const item = itemOf.get(pair.rejected!.content.slice(0, 60))
    for (const { order_best_first } of rankings.filter((each) => each.item === item)) {
      judged++
      if (order_best_first.indexOf('kept') < order_best_first.indexOf('served')) agree++
    }
  }
  console.info(`replay: ${pairs.length} pairs of ${edits.length} edits, ${agree} of ${judged} judgements agree`)
  // An inverted polarity would give about 0.2.
  expect(judged).toBeGreaterThan(200)
  expect(agree / judged).toBeGreaterThan(0.65)
})

interface Node {
  id: string
  role: 'prompter' | 'assistant'
  text: string
  rank: number | null
  thumbs_up: number
  thumbs_down: number
  replies: Node[]
}

it.skipIf(!isThere)('pairs samples by thumbs as independent people ranked them', () => {
  const story = new Story()
  const ranks = new Map<string, number>()
  let siblings = 0
  const walk = (node: Node, messages: Message[]): void => {
    const here = [...messages, text(node.role === 'prompter' ? 'user' : 'assistant', node.text)]
    const ranked = node.replies.filter((each) => each.role === 'assistant' && each.rank !== null)
    siblings += (ranked.length * (ranked.length - 1)) / 2
    for (const reply of ranked) {
      const id = story.ask({ messages: here, output: reply.text, user: reply.id })
      ranks.set(normaliseText(reply.text), reply.rank ?? 0)
      const thumbs = [...Array(reply.thumbs_up).fill('up'), ...Array(reply.thumbs_down).fill('down')]
      for (const [n, label] of thumbs.entries()) story.say('thumb', id, { author_id: `t${n}`, label })
    }
    for (const reply of node.replies) walk(reply, here)
  }
  for (const tree of lines<Node>('conversation-trees.jsonl')) walk(tree, [])
  const pairs = pairsOf(story.curate({ strategies: ['thumbs.pair'] }))
  const rankOf = (side: string | undefined): number => ranks.get(side ?? '') ?? Number.NaN
  const agree = pairs.filter(({ chosen, rejected }) => rankOf(chosen.content) < rankOf(rejected?.content)).length
  console.info(`replay: ${pairs.length} thumb pairs of ${siblings} pairs of siblings, ${agree} agree with the ranking`)
  expect(pairs.length).toBeGreaterThan(25)
  expect(agree / pairs.length).toBeGreaterThan(0.6)
})
