import { comparable } from './normalise.js'

/** How messages that reject the answer before them begin. A single word counts where punctuation or the end follows. */
export const DEFAULT_REJECTIONS: readonly string[] = [
  'no',
  'nope',
  'wrong',
  'incorrect',
  'not what i',
  'not quite what',
  "that's wrong",
  'that is wrong',
  "that's not",
  'that is not',
  "this isn't what",
  'this is not what',
  "that doesn't",
  "you didn't",
  'you misunderstood',
  'nein',
  'falsch',
  'das ist falsch',
  'das stimmt nicht',
  'das ist nicht',
  'non',
  "ce n'est pas",
  'incorrecto',
  'eso no es',
]

const LETTER = /[\p{L}\p{N}]/u
const STOP = /[.,;:!?-]/

/** Whether a message begins with one of the phrases, whatever its case and quotation marks. */
export function opensWithRejection(message: string, phrases: readonly string[]): boolean {
  const said = comparable(message).toLowerCase()
  return phrases.some((phrase) => {
    const opening = comparable(phrase).toLowerCase()
    if (opening === '' || !said.startsWith(opening)) return false
    const next = said[opening.length]
    if (next === undefined) return true
    // "No problem" and "wrong turn ahead" are no refusals; "no, shorter" is one.
    return opening.includes(' ') ? !LETTER.test(next) : STOP.test(next)
  })
}
