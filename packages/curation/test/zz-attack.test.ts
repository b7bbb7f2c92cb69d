import { it } from 'vitest'
import { normaliseText } from '/work/main/packages/curation/src/text/normalise.js'
import { findJsonSpan } from '/work/main/packages/curation/src/text/json-splice.js'
import { Story } from '/work/main/packages/curation/test/support.js'
import { wordDistance } from '/work/main/packages/curation/src/text/word-distance.js'
const t = (n: string, f: () => unknown) => { const s = performance.now(); let r: unknown; try { r = f() } catch (e) { r = (e as Error).name + ': ' + (e as Error).message.slice(0, 80) } ; console.log(n, Math.round(performance.now() - s), 'ms', typeof r === 'string' && r.length < 120 ? r : typeof r) }
it('x', () => {
  t('spaces 50k', () => normaliseText(' '.repeat(50_000) + 'x'))
  t('spaces 4M', () => normaliseText(' '.repeat(4_000_000) + 'x'))
  t('digits', () => findJsonSpan('{"a":' + '1'.repeat(7_000_000) + ',"b":1}', ['b']))
  t('fence unclosed', () => { const s = new Story(); s.say('correction', s.ask({ output: '```json\n' + 'x\n'.repeat(2_000_000) }), { kept: '1', field: '/a' }); return s.curate() })
  t('escapes 2M', () => findJsonSpan('{"a":"' + '\\n'.repeat(2_000_000) + '","b":1}', ['b']))
  t('escapes 4M', () => findJsonSpan('{"a":"' + '\\n'.repeat(3_900_000) + '","b":1}', ['b']))
  const deep = (n: number) => '[' .repeat(n) + ']'.repeat(n)
  t('deep kept_json', () => { const s = new Story(); s.say('correction', s.ask({ output: '{"a":1}' }), { kept_json: deep(20_000), field: '/a' }); return s.curate() })
  t('deep args', () => { const s = new Story(); s.say('thumb', s.ask({ outputs: [{ role: 'assistant', parts: [{ type: 'tool_call', id: 'c', name: 'f', arguments: '{"a":' + deep(20_000) + '}' }] }] }), { label: 'up' }); return s.curate() })
  t('1MB output edit', () => { const s = new Story(); s.say('correction', s.ask({ output: 'word '.repeat(200_000) }), { kept: 'other '.repeat(200_000) }); return s.curate() })
  t('wordDistance 8k words', () => wordDistance(Array.from({length:5000},(_, i)=>'a'+i).join(' '), Array.from({length:5000},(_, i)=>'b'+i).join(' ')))
  t('fences', () => normaliseText('```\n'.repeat(500_000)))
})
