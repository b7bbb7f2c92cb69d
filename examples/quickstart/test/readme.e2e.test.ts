import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { exportDataset, settle } from '../src/outcome.js'
import { startServer } from '../src/server.js'

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')

function block(language: string): string {
  const text = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(readme)?.[1]
  if (!text) throw new Error(`the README has no ${language} block`)
  return text
}

it('the ten lines of the README become the row that the README shows', async () => {
  const expected = JSON.parse(block('json')) as { prompt: unknown; rejected: { content: string }[] }
  const dataDir = mkdtempSync(join(tmpdir(), 'flywheel-readme-'))
  const program = new URL('./readme-block.generated.ts', import.meta.url).pathname
  const model = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    const message = { role: 'assistant', content: expected.rejected[0]?.content, refusal: null }
    const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }]
    response.end(
      JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-5-mini', choices }),
    )
  })
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve))
  const server = await startServer({ dataDir })
  try {
    writeFileSync(program, block('ts'))
    const child = spawn(process.execPath, ['--conditions=@flywheel/source', '--import', 'tsx', program], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        FLYWHEEL_URL: server.url,
        FLYWHEEL_API_KEY: server.apiKey,
        OPENAI_API_KEY: 'none needed',
        OPENAI_BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`,
      },
    })
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
    await settle(server)
    const { first_row, pairs } = await exportDataset(server)
    expect(pairs).toBe(1)
    expect(first_row).toEqual(expected)
  } finally {
    model.close()
    await server.stop()
    rmSync(program, { force: true })
    rmSync(dataDir, { recursive: true, force: true })
  }
})
