import { draftOf } from '../candidate.js'
import type { ChatMessage } from '../prompt/chat.js'
import { remember, rememberEach } from '../text/remember.js'
import { eachGate, type Gate, type Ports } from './gate.js'

// A pair and a row of supervision say the same, often as one and the same message.
const detector = rememberEach((languageOf: Ports['languageOf']) => {
  const ofText = remember(languageOf)
  return rememberEach(({ content }: ChatMessage) => ofText(content))
})

/** Gate 10: the language of the wanted side, as a tag; one that the recipe does not keep leaves. */
export const language: Gate = {
  id: 'language',
  run: (candidates, world, ports) =>
    eachGate('language', (candidate) => {
      const draft = draftOf(candidate)
      const code = detector(ports.languageOf)(draft.chosen)
      candidate.draft = { ...draft, language: code }
      const { keep } = world.recipe.language
      if (keep.length === 0 || keep.includes(code)) return null
      return code === 'und' ? 'language_undetermined' : 'language_other'
    }).run(candidates, world, ports),
}
