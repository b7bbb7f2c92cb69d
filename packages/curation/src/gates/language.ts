import { draftOf } from '../candidate.js'
import { eachGate, type Gate } from './gate.js'

/** Gate 10: the language of the wanted side, as a tag; one that the recipe does not keep leaves. */
export const language: Gate = {
  id: 'language',
  run: (candidates, world, ports) =>
    eachGate('language', (candidate) => {
      const draft = draftOf(candidate)
      const code = ports.languageOf(draft.chosen.content)
      candidate.draft = { ...draft, language: code }
      const { keep } = world.recipe.language
      if (keep.length === 0 || keep.includes(code)) return null
      return code === 'und' ? 'language_undetermined' : 'language_other'
    }).run(candidates, world, ports),
}
