import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApi } from '../../quickstart/src/api.js'
import { exportDataset, settle } from '../../quickstart/src/outcome.js'
import { type Desk, startDesk } from '../src/desk.js'

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const FLAGS = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking'
const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-support-desk-'))
let desk: Desk
let browser: Browser

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error(`no Chromium at ${CHROMIUM}; install it or set CHROMIUM_PATH`)
  desk = await startDesk({ dataDir, port: 0 })
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...FLAGS.split(' '), '--disable-component-update', '--disable-sync'],
  })
})
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

async function open(): Promise<{ page: Page; session: string }> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(desk.url)
  await page.getByRole('heading', { name: 'Where is my refund?' }).waitFor()
  return { page, session: await page.evaluate(() => sessionStorage.getItem('session') ?? '') }
}

const reply = (page: Page) => page.getByLabel('Reply')
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
/** Asks for a draft and waits until it is written. */
async function drafted(page: Page, button: 'Draft' | 'Regenerate'): Promise<string> {
  await press(page, button)
  await page.getByRole('button', { name: 'Regenerate', exact: true }).waitFor()
  await expect.poll(() => reply(page).isEditable(), { timeout: 15_000 }).toBe(true)
  return reply(page).inputValue()
}

interface Stored {
  kind: string
  stage: string
  kept: string
  shown: string
  trust: string
  label: string
  metadata: Record<string, string>
  /** JSON. */
  candidates: string
  winner: string
}

/** What is stored of a session's feedback, in the order it was made. */
async function feedbackOf(session: string): Promise<Stored[]> {
  await settle({ url: desk.flywheelUrl, apiKey: desk.apiKey })
  const { rows } = await createApi(desk.flywheelUrl, desk.apiKey).post<{ rows: Stored[] }>('/v1/query', {
    sql: `SELECT kind, stage, kept, shown, trust, label, metadata, candidates, winner FROM feedback FINAL WHERE session_id = '${session}' ORDER BY t, id`,
  })
  return rows
}

it('a person edits a draft, changes their mind, and sends: what was shown and what was kept are stored', async () => {
  const { page, session } = await open()
  const first = await drafted(page, 'Draft')
  await press(page, 'Bad')
  const second = await drafted(page, 'Regenerate')
  expect(second).not.toBe(first)
  await reply(page).fill('')
  await reply(page).pressSequentially('Your money comes ')
  // Another ticket is opened and this one again: the editor is made anew, the draft goes on.
  await page.getByRole('button', { name: /Wrong colour/ }).click()
  await page.getByRole('button', { name: /Where is my refund/ }).click()
  await reply(page).press('End')
  await reply(page).pressSequentially('within 5 working days.')
  await press(page, 'Send')
  await page.getByRole('button', { name: 'Sent', exact: true }).waitFor()
  const kept = 'Your money comes within 5 working days.'
  expect(desk.sent.at(-1)).toEqual({ to: '37', text: kept })
  await expect
    .poll(async () => (await feedbackOf(session)).filter(({ stage }) => stage === 'committed').length, {
      timeout: 15_000,
    })
    .toBeGreaterThanOrEqual(2)
  const feedback = await feedbackOf(session)
  expect(feedback.map(({ trust }) => trust)).toEqual(feedback.map(() => 'ticket'))
  expect(feedback).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ kind: 'thumb', label: 'down' }),
      expect.objectContaining({ kind: 'regenerate' }),
      expect.objectContaining({ kind: 'shown', shown: second }),
      expect.objectContaining({ kind: 'correction', stage: 'draft', kept: 'Your money comes ', shown: second }),
      expect.objectContaining({ kind: 'correction', stage: 'committed', kept, shown: second }),
    ]),
  )
  // The panel beside the editor shows it.
  await page.getByLabel('Captured').getByText('regenerate').waitFor()
  await page.getByLabel('Captured').getByText(kept).first().waitFor()
  const { pairs, first_row } = await exportDataset({ url: desk.flywheelUrl, apiKey: desk.apiKey })
  expect(pairs).toBeGreaterThanOrEqual(1)
  expect(JSON.stringify(first_row)).toContain(kept)
  await page.close()
})

it('of two drafts one is taken: slots, order and what was seen are stored', async () => {
  const { page, session } = await open()
  await press(page, 'Two drafts')
  const cards = page.getByRole('article')
  await cards.nth(1).waitFor()
  const right = (await cards.nth(1).locator('p').textContent()) ?? ''
  await cards.nth(1).getByRole('button').click()
  expect(await reply(page).inputValue()).toBe(right)
  await expect
    .poll(async () => (await feedbackOf(session)).map(({ kind }) => kind), { timeout: 15_000 })
    .toContain('choice')
  const choice = (await feedbackOf(session)).find(({ kind }) => kind === 'choice')
  expect(choice).toMatchObject({ winner: '1', trust: 'ticket' })
  const interactions = await createApi(desk.flywheelUrl, desk.apiKey).get<{
    items: { id: string; output_preview: string }[]
  }>(`/v1/interactions?session_id=${session}`)
  const candidates = JSON.parse(choice?.candidates ?? '[]') as { id: string }[]
  expect(candidates).toHaveLength(2)
  expect(interactions.items.find(({ id }) => id === candidates[1]?.id)?.output_preview).toBe(right)
  await page.close()
})

it('text kept in the editor arrives after the tab is closed', async () => {
  const { page, session } = await open()
  const shown = await drafted(page, 'Draft')
  await reply(page).fill('Kept, and the tab closed')
  await page.close({ runBeforeUnload: true })
  await expect
    .poll(() => feedbackOf(session), { timeout: 15_000 })
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'correction', stage: 'draft', kept: 'Kept, and the tab closed', shown }),
      ]),
    )
})
