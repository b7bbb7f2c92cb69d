import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findHubToken } from '../src/index.js'

it("finds the token where the Hub's own tools do", async () => {
  const home = await mkdtemp(join(tmpdir(), 'flywheel-home-'))
  expect(await findHubToken({}, home)).toBeNull()
  await mkdir(join(home, '.cache/huggingface'), { recursive: true })
  await writeFile(join(home, '.cache/huggingface/token'), 'hf_login\n')
  await writeFile(join(home, 'secret'), 'hf_file\n')
  expect(await findHubToken({}, home)).toBe('hf_login')
  expect(await findHubToken({ HF_HOME: join(home, 'elsewhere') }, home)).toBeNull()
  expect(await findHubToken({ HF_TOKEN_PATH: join(home, 'secret') }, home)).toBe('hf_file')
  expect(await findHubToken({ HF_TOKEN_PATH: join(home, 'secret'), HF_TOKEN: 'hf_given' }, home)).toBe('hf_given')
  await rm(home, { recursive: true })
})
