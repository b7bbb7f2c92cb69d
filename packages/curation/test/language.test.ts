import { eld } from 'eld/extrasmall'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { languageOf } from '../src/language.js'

const NOT_PROSE = /```[\s\S]*?(?:```|$)|`[^`\n]*`|\[[A-Z][A-Z0-9_]*_\d+\]|https?:\/\/\S+|[{}[\]<>"=;_\d]+/g

const text = fc
  .array(
    fc.constantFrom(
      ...[
        'The parcel left our warehouse on Tuesday. ',
        'Vielen Dank für Ihre Nachricht. ',
        'Merci beaucoup, à demain. ',
      ],
      ...[
        '```js\nconst a = 1\n```\n',
        '```',
        '`code`',
        '`',
        ' [EMAIL_1] ',
        'https://example.com/a?b=1 ',
        '{"a": 1};',
        ' 42 ',
      ],
    ),
    { maxLength: 120 },
  )
  .map((pieces) => pieces.join(''))

it('tells the language that the detector tells of all prose in the first 4,000 characters', () => {
  fc.assert(
    fc.property(text, (said) => {
      const found = eld.detect(said.slice(0, 4000).replace(NOT_PROSE, ' '))
      expect(languageOf(said)).toBe(found.language !== '' && found.isReliable() ? found.language : 'und')
    }),
    { numRuns: 300 },
  )
})
