import { expect, it } from 'vitest'
import { languageOf } from '../../src/language.js'
import { drops, Story } from '../support.js'

it.each([
  ['The parcel leaves our house on Tuesday morning.', 'en'],
  ['Sehr geehrte Frau Weber, die R\u00fcckzahlung dauert f\u00fcnf Tage.', 'de'],
  ['Merci de votre message, nous revenons vers vous demain.', 'fr'],
  ['\u8bf7\u7a0d\u7b49\uff0c\u6211\u4eec\u660e\u5929\u53d1\u8d27\u3002', 'zh'],
  ['ok', 'und'],
  ['[EMAIL_1] [PHONE_1]', 'und'],
  ['```\nconst answer = await fetch(address)\n```', 'und'],
  ['', 'und'],
])('takes %j for %s', (text, language) => {
  expect(languageOf(text)).toBe(language)
})

function bilingual(): Story {
  const story = new Story()
  const german = 'Das Paket kommt am Freitag, es tut uns sehr leid f\u00fcr Sie.'
  story.say('correction', story.ask({ output: 'Keine Ahnung.' }), { kept: german })
  story.say('correction', story.ask({ output: 'No idea.' }), { kept: 'The parcel comes on Friday, we are very sorry.' })
  story.say('correction', story.ask({ output: '12' }), { kept: '1200' })
  return story
}

it('tags the language of the wanted side and drops nothing by default', () => {
  const set = bilingual().curate({ strategies: ['sft.edit'] })
  expect(set.rows.map((row) => row.meta.language).sort()).toEqual(['de', 'en', 'und'])
})

it('keeps the languages that a recipe names, and says which it could not tell', () => {
  const set = bilingual().curate({ strategies: ['sft.edit'], language: { keep: ['de'] } })
  expect(set.rows.map((row) => row.meta.language)).toEqual(['de'])
  expect(drops(set)).toEqual({ 'language.language_other': 1, 'language.language_undetermined': 1 })
})
