import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findingOf, resolveConnection } from '../src/config.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flywheel-config-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function connectionIn(folder: string): string {
  mkdirSync(join(root, folder), { recursive: true })
  const path = join(root, folder, 'cli.json')
  writeFileSync(path, JSON.stringify({ url: 'http://127.0.0.1:9', api_key: 'fw_sk_test' }))
  return path
}

it('says how other commands find a server, and they do', () => {
  const usual = connectionIn('.flywheel')
  mkdirSync(join(root, 'src'))
  expect(findingOf(usual, join(root, 'src'))).toBe(`Other flywheel commands run here find it by ${usual}.`)
  expect(resolveConnection({}, {}, join(root, 'src')).apiKey).toBe('fw_sk_test')

  const named = connectionIn('elsewhere/data')
  const dataDir = join(root, 'elsewhere/data')
  expect(findingOf(named, join(root, 'src'))).toBe(`Other flywheel commands find it with --data-dir ${dataDir}.`)
  expect(resolveConnection({ dataDir }, {}, tmpdir()).apiKey).toBe('fw_sk_test')
})
