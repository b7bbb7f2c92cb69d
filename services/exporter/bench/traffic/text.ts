import type { Random } from './random.js'
import { BAG, type Bag } from './words.js'

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

/** Sentences of about so many words; now and then a line of its own, a number, a name with an address. */
export function prose(dice: Random, { words }: Bag, count: number): string {
  let text = ''
  let left = count
  while (left > 0) {
    const length = Math.min(left, 6 + dice.below(14))
    text += capital(words[dice.below(BAG)]!)
    for (let i = 1; i < length; i++) text += ` ${words[dice.below(BAG)]!}`
    left -= length
    const end = dice.below(64)
    if (end === 0) text += ` ${dice.below(90_000) + 10_000}`
    else if (end === 1) text += ` ${words[dice.below(BAG)]}.${words[dice.below(BAG)]}@example.com`
    text += end < 8 ? '.\n\n' : '. '
  }
  return text.trimEnd()
}

/** The text with a share of its words replaced, left out or joined by another. */
export function edited(dice: Random, bag: Bag, text: string, share: number): string {
  const words = text.split(' ')
  const changes = Math.max(1, Math.round(words.length * share))
  for (let i = 0; i < changes; i++) {
    const at = dice.below(words.length)
    const word = bag.words[dice.below(BAG)]!
    const kind = dice.below(4)
    if (kind < 2) words[at] = word
    else if (kind === 2 && words.length > 3) words.splice(at, 1)
    else words.splice(at, 0, word)
  }
  return words.join(' ')
}

/** What people make of an answer: mostly a few words, sometimes most of it, sometimes nothing but its spaces. */
export function corrected(dice: Random, bag: Bag, text: string): string {
  const kind = dice.below(40)
  if (kind === 0) return text
  if (kind === 1) return `${text.replaceAll('. ', '.  ')}\n`
  if (kind < 5) return prose(dice, bag, Math.max(8, Math.round(text.length / 7)))
  if (kind < 10) return `${edited(dice, bag, text, 0.03)} ${prose(dice, bag, 12)}`
  return edited(dice, bag, text, Math.min(0.7, 0.03 * Math.exp(2.5 * dice.share())))
}
