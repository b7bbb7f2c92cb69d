import { type Random, random } from './random.js'
import { edited, prose } from './text.js'
import { BAGS, type Bag } from './words.js'

/** What somebody asks: a task's system prompt, a template, a document of their own, and what was said before. */
export interface Prompt {
  bag: Bag
  task: string
  system: string
  messages: string
  tools: string
}

const TASKS = ['reply', 'summary', 'translate', 'search', 'rewrite', 'classify', 'plan', 'code'] as const

export const message = (role: string, content: string): object => ({ role, parts: [{ type: 'text', content }] })

/** Everybody who works on a task shares its system prompt, and in one language its template. */
const SYSTEMS = TASKS.map((_, task) =>
  JSON.stringify([{ type: 'text', content: prose(random(1, task), BAGS[0]!, 50 + 10 * task) }]),
)
const TEMPLATES = TASKS.map((_, task) => BAGS.map((bag, i) => prose(random(2, task, i), bag, 16 + 3 * task)))

const TOOLS = JSON.stringify([
  {
    type: 'function',
    name: 'lookup',
    description: 'Finds an order by its number.',
    parameters: { type: 'object', properties: { number: { type: 'string' }, region: { type: 'string' } } },
  },
])

/** The share of prompts that are another's, to the byte, and that are another's with a few words changed. */
export const REPEATED = { equal: 0.05, nearly: 0.1 }

/** The same number and dice give the same prompt; a document is its number's, whoever sends it. */
export function promptOf(number: number, dice: Random): Prompt {
  const copy = number === 0 ? 1 : dice.share()
  const isCopy = copy < REPEATED.equal + REPEATED.nearly
  // Half of what is sent again is sent by many: some letters, some forms.
  const source = !isCopy ? number : dice.is(0.5) ? dice.rank(number) : dice.below(number)
  const own = random(3, source)
  const bag = own.is(0.5) ? BAGS[0]! : own.pick(BAGS)
  const task = own.below(TASKS.length)
  const document = prose(own, bag, own.logNormal(120, 0.85, 12, 6000))
  const isNearly = copy >= REPEATED.equal && source !== number
  const asked = isNearly ? edited(dice, bag, document, 0.012) : document
  const turns = [message('user', `${TEMPLATES[task]![BAGS.indexOf(bag)]}\n\n${asked}`)]
  if (own.is(0.25)) {
    turns.push(message('assistant', prose(own, bag, own.logNormal(70, 0.7, 5, 1500))))
    turns.push(message('user', prose(own, bag, own.logNormal(18, 0.6, 3, 200))))
  }
  return {
    bag,
    task: TASKS[task]!,
    system: SYSTEMS[task]!,
    messages: JSON.stringify(turns),
    tools: TASKS[task] === 'search' ? TOOLS : '',
  }
}
