import { partsOf } from '../candidate.js'
import { eachGate, type Gate } from './gate.js'

/**
 * Gate 8: no text of a provider whose terms do not allow it, on either side or beneath an edit. The recipe says which,
 * and why; the card names every provider that it says nothing of.
 */
export const rights: Gate = eachGate('rights', (candidate, world) => {
  const { providers, others } = world.recipe.rights
  for (const { interaction } of partsOf(candidate).answers) {
    const provider = world.head(interaction)?.provider ?? ''
    const right = Object.hasOwn(providers, provider) ? providers[provider] : undefined
    if (!(right?.allowed ?? others === 'allow')) return 'rights_provider'
  }
  return null
})
