import { type Candidate, draftOf, partsOf } from '../candidate.js'
import { HARMS } from '../recipe/safety.js'
import { byCodeUnit } from '../text/canonical-json.js'
import { refusalOf } from '../text/refusal.js'
import type { World } from '../world.js'
import { eachGate, type Gate } from './gate.js'

/** A harm in a reason code. The rest of the code is free text, which no detector has read. */
const HARM = new RegExp(`(?<=^|_)(?:${HARMS.join('|')})(?=_|$)`, 'g')

const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '_')
const code = (text: string): string => slug(text).slice(0, 60)
const harmsIn = (reason: string): string[] => slug(reason).match(HARM) ?? []

type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isGraded = (grade: unknown): boolean => {
  const level = typeof grade === 'string' ? grade.toLowerCase() : ''
  return level === 'medium' || level === 'high'
}

/** Categories that a provider's filter raised, as it attached them: Azure's object, Gemini's list. */
function raisedBy(extra: Fields): string[] {
  const azure = extra['content_filter_results']
  const named = isFields(azure) ? Object.entries(azure) : []
  const gemini = extra['safety_ratings'] ?? extra['safetyRatings']
  const listed = (Array.isArray(gemini) ? gemini : [])
    .filter(isFields)
    .map((rating): [string, unknown] => [
      String(rating['category'] ?? '').replace(/^HARM_CATEGORY_/, ''),
      { filtered: rating['blocked'], severity: rating['probability'] },
    ])
  return [...named, ...listed]
    .filter(
      ([name, rating]) =>
        name !== '' && isFields(rating) && (rating['filtered'] === true || isGraded(rating['severity'])),
    )
    .map(([name]) => `provider:${code(name)}`)
}

/** Safety tags of a row, sorted: of its texts, of the people who judged it, of the provider's filter. */
function tagsOf(candidate: Candidate, world: World): string[] {
  const { shape, chosen, rejected, label } = draftOf(candidate)
  const { answers, feedback } = partsOf(candidate)
  const tags = new Set<string>()
  const say = (text: string, side: string): void => {
    const found = refusalOf(text)
    if (found !== null) tags.add(`${found}_${side}`)
  }
  say(chosen.content, label === false ? 'rejected' : 'chosen')
  if (shape === 'preference' && rejected !== undefined) say(rejected.content, 'rejected')
  for (const { row } of feedback) {
    for (const reason of row.reason_codes) for (const harm of harmsIn(reason)) tags.add(`reported:${harm}`)
  }
  for (const { interaction, choice } of answers) {
    for (const { extra } of world.exchange(interaction)?.outputs[choice]?.parts ?? []) {
      if (isFields(extra)) for (const tag of raisedBy(extra)) tags.add(tag)
    }
  }
  return [...tags].sort(byCodeUnit)
}

/**
 * Gate 10: tags what a person or a filter called unsafe, and a refusal or a filter's own words as a side. Drops what the
 * recipe names; else rows stay, and their tags stand beside them.
 */
export const safety: Gate = eachGate('safety', (candidate, world) => {
  const safety_tags = tagsOf(candidate, world)
  candidate.draft = { ...draftOf(candidate), safety_tags }
  const found = safety_tags.find((tag) => world.recipe.safety.drop.includes(tag))
  return found === undefined ? null : `safety_${found.replace(':', '_')}`
})
