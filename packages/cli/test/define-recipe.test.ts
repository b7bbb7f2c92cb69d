import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { defineRecipe } from '../src/index.js'

it('returns a recipe as it was written', () => {
  const recipe = defineRecipe({
    preset: 'expert-2000',
    caps: { user: { share: 0.5 } },
    selection: { reserve: { rows: 3 } },
    columns: { prompt_version: true, tags: 'all', metadata: ['plan'] },
    rights: { providers: { openai: { allowed: false, reason: 'terms of 2026-03' } } },
  })
  expect(recipe).toMatchObject({ preset: 'expert-2000', caps: { user: { share: 0.5 } } })
})

it('compiles for no key and no id that nobody knows', () => {
  // @ts-expect-error no such key
  defineRecipe({ selektion: {} })
  // @ts-expect-error no such key within one
  defineRecipe({ selection: { budgets: 2 } })
  // @ts-expect-error no such target
  defineRecipe({ targets: ['trll'] })
  // @ts-expect-error no such strategy
  defineRecipe({ strategies: ['edit.last'] })
  // @ts-expect-error no such preset
  defineRecipe({ preset: 'expert-200' })
  // @ts-expect-error a condition that names people
  defineRecipe({ filter: { user_id: 'u1' } })
  // @ts-expect-error a column that names people
  defineRecipe({ columns: { user_id: true } })
  // @ts-expect-error no such way to find a row
  defineRecipe({ join: { file: 'crm.csv', by: 'user', columns: ['plan'] } })
  // @ts-expect-error a right without its reason
  const broken = defineRecipe({ rights: { providers: { openai: { allowed: true } } } })
  expect(broken).toBeDefined()
})

it('is offered to whoever installs the command', () => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { exports } = JSON.parse(text) as { exports: Record<string, Record<string, string>> }
  expect(exports['.']).toMatchObject({ types: './dist/index.d.ts', default: './dist/index.js' })
})
