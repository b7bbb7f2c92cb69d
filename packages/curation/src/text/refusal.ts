import { comparable } from './normalise.js'

/** A refusal says so in its first words. */
const READ_CHARS = 300

const REFUSALS: readonly RegExp[] = [
  /^(?:i'm|i am) (?:very |really |so )?sorry,? (?:but )?(?:as an ai[^.]{0,40}, )?i (?:can't|cannot|can not|won't|am not able|am unable|'m not able|'m unable)/,
  /^(?:sorry,? (?:but )?)?i (?:can't|cannot|can not|won't|am not able to|am unable to) (?:help|assist|provide|comply|fulfill?|create|generate|answer|discuss|engage|support|do that)/,
  /^as an? (?:ai|artificial|large) [^.]{0,60}\bi (?:can't|cannot|can not|am not able to|am unable to) (?:help|assist|provide|give|offer|comply|create|generate|answer|discuss|engage)\b/,
  /^es tut mir (?:sehr )?leid,? (?:aber )?(?:das kann ich|ich kann|dabei kann ich|hierbei kann ich)/,
  /^(?:je suis )?d\u00e9sol\u00e9e?,? (?:mais )?je ne (?:peux|puis|suis pas)/,
  /^lo siento,? (?:pero )?no puedo/,
]

const FILTERS: readonly RegExp[] = [
  /\bthe response was filtered due to\b/,
  /\bcontent management policy\b/,
  /\bthis content (?:was|has been) (?:blocked|removed|filtered)\b/,
  /\bblocked by (?:the |our |a )?(?:safety|content) (?:filter|settings|policy)\b/,
]

/** What a text is instead of an answer: a model's refusal, a filter's own words, or null. By its first 300 characters. */
export function refusalOf(text: string): 'refusal' | 'filter_text' | null {
  const start = comparable(text.slice(0, READ_CHARS)).toLowerCase()
  if (FILTERS.some((pattern) => pattern.test(start))) return 'filter_text'
  return REFUSALS.some((pattern) => pattern.test(start)) ? 'refusal' : null
}
