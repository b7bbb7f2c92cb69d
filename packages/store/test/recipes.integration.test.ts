import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Database,
  deleteRecipe,
  getRecipe,
  insertRows,
  listRecipes,
  putRecipe,
  recipeVersions,
} from '../src/index.js'
import { freshStore } from './support.js'

let db: Database
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ db, remove } = await freshStore())
})
afterAll(() => remove())

const HASH = { one: '1'.repeat(64), two: '2'.repeat(64) }
const minute = (n: number): Date => new Date(Date.UTC(2026, 2, 1, 10, n))

const put = (project_id: string, which: 'one' | 'two', at: Date, name = 'nightly') =>
  putRecipe(db, { project_id, name, hash: HASH[which], body: `{"name":"${which}"}`, key_id: 'k1' }, at)

test('the latest put is in force, and every one before it stays, also after a merge', async () => {
  expect((await put('p', 'one', minute(0))).changed).toBe(true)
  expect((await put('p', 'two', minute(1))).changed).toBe(true)
  expect((await put('p', 'one', minute(2))).changed).toBe(true)
  await db.command('OPTIMIZE TABLE recipes FINAL')
  await db.command('OPTIMIZE TABLE recipe_versions FINAL')
  expect(await getRecipe(db, 'p', 'nightly')).toMatchObject({ hash: HASH.one, body: '{"name":"one"}' })
  expect((await recipeVersions(db, 'p', 'nightly')).map(({ hash, created_at }) => [hash, created_at])).toEqual([
    [HASH.one, minute(2).toISOString()],
    [HASH.two, minute(1).toISOString()],
    [HASH.one, minute(0).toISOString()],
  ])
  expect(await getRecipe(db, 'p', 'nightly', '2222')).toMatchObject({ hash: HASH.two, body: '{"name":"two"}' })
  expect(await getRecipe(db, 'p', 'nightly', '3333')).toBeNull()
})

test('what is in force already makes no version', async () => {
  const first = await put('same', 'one', minute(0))
  const again = await put('same', 'one', minute(1))
  expect(again).toEqual({ version: first.version, changed: false })
  expect((await recipeVersions(db, 'same', 'nightly')).length).toBe(1)
})

test('what is in force is told as it is, also after a put that was cut off before it was', async () => {
  const first = await put('cut', 'one', minute(0))
  const created_at = minute(1).toISOString()
  const cutOff = { project_id: 'cut', name: 'nightly', hash: HASH.two, body: '{}', key_id: 'k1', created_at }
  await insertRows(db, 'recipe_versions', [cutOff])
  expect(await put('cut', 'one', minute(2))).toEqual({ version: first.version, changed: false })
})

test('the beginning of a hash names the version that had it first, whoever puts one that begins alike', async () => {
  await put('pin', 'one', minute(0))
  const alike = { project_id: 'pin', name: 'nightly', hash: `${HASH.one.slice(0, 8)}f`, body: '{"name":"alike"}' }
  await putRecipe(db, { ...alike, key_id: 'k2' }, minute(1))
  expect(await getRecipe(db, 'pin', 'nightly')).toMatchObject({ body: '{"name":"alike"}' })
  expect(await getRecipe(db, 'pin', 'nightly', HASH.one.slice(0, 8))).toMatchObject({ body: '{"name":"one"}' })
})

test('a put with a clock that is behind is in force all the same', async () => {
  await put('clock', 'one', minute(5))
  await put('clock', 'two', minute(1))
  expect(await getRecipe(db, 'clock', 'nightly')).toMatchObject({ hash: HASH.two })
  expect((await recipeVersions(db, 'clock', 'nightly'))[0]).toMatchObject({ hash: HASH.two })
})

test('a deleted recipe is in no list and runs by no hash, and put again it goes on with its history', async () => {
  await put('gone', 'one', minute(0))
  await put('gone', 'one', minute(0), 'other')
  expect(await deleteRecipe(db, 'gone', 'nightly', minute(1))).toBe(true)
  expect(await deleteRecipe(db, 'gone', 'nightly', minute(1))).toBe(false)
  expect(await getRecipe(db, 'gone', 'nightly')).toBeNull()
  expect(await getRecipe(db, 'gone', 'nightly', '1111')).toBeNull()
  expect((await listRecipes(db, 'gone')).map(({ name }) => name)).toEqual(['other'])
  expect((await put('gone', 'one', minute(0))).changed).toBe(true)
  expect(await listRecipes(db, 'gone')).toEqual([
    expect.objectContaining({ name: 'nightly', hash: HASH.one, versions: 2 }),
    expect.objectContaining({ name: 'other', versions: 1 }),
  ])
})

test('projects know nothing of each other', async () => {
  await put('mine', 'one', minute(0))
  expect(await getRecipe(db, 'theirs', 'nightly')).toBeNull()
  expect(await listRecipes(db, 'theirs')).toEqual([])
})
