/**
 * What the packed SDK is tried beside: one row a provider's major. Packages are named as the SDK's devDependencies name
 * them, so the versions tried here are those that its own tests run.
 */
export interface Row {
  readonly name: string
  /** Package, and what the program imports from it. */
  readonly imports: Readonly<Record<string, readonly string[]>>
  /** The body of `async function calls(flywheel, url)`: one whole answer and one streamed, returned as texts. */
  readonly calls: string
  /** What the records name as the provider. */
  readonly provider: string
  /** Options of `createFlywheel`, as source. */
  readonly options?: string
  /** Makes the client, whose type the wrapped one must have too. `%` follows each imported name. */
  readonly client?: string
  /** Statements that must compile, if there is no client to wrap. `%` follows each imported name. */
  readonly typed?: string
}

const openai = (name: string): Row => ({
  name,
  imports: { [name]: ['OpenAI'] },
  provider: 'openai',
  client: 'new OpenAI%()',
  calls: `
  const client = flywheel.wrap(new OpenAI({ apiKey: 'none', baseURL: url + '/v1' }))
  const messages = [{ role: 'user', content: 'Hi' }]
  const whole = await client.chat.completions.create({ model: 'stub', messages })
  let text = ''
  for await (const chunk of await client.chat.completions.create({ model: 'stub', messages, stream: true })) {
    text += chunk.choices[0]?.delta?.content ?? ''
  }
  return [whole.choices[0].message.content, text]`,
})

const anthropic = (name: string): Row => ({
  name,
  imports: { [name]: ['Anthropic'] },
  provider: 'anthropic',
  client: 'new Anthropic%()',
  calls: `
  const client = flywheel.wrap(new Anthropic({ apiKey: 'none', baseURL: url }))
  const request = { model: 'stub', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] }
  const whole = await client.messages.create(request)
  let text = ''
  for await (const event of await client.messages.create({ ...request, stream: true })) {
    if (event.type === 'content_block_delta') text += event.delta.text
  }
  return [whole.content[0].text, text]`,
})

const google = (name: string): Row => ({
  name,
  imports: { [name]: ['GoogleGenAI'] },
  provider: 'gcp.gemini',
  client: 'new GoogleGenAI%({})',
  calls: `
  const client = flywheel.wrap(new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: url } }))
  const request = { model: 'stub', contents: 'Hi' }
  const whole = await client.models.generateContent(request)
  let text = ''
  for await (const chunk of await client.models.generateContentStream(request)) text += chunk.text ?? ''
  return [whole.text, text]`,
})

/** Vercel's library with its provider for OpenAI: `turn.model(m)` for version 5, `turn.ai()` from 6 on. */
function vercel(name: string, sdkOpenai: string): Row {
  const [wrap, more] = name === 'ai-5' ? ['turn.model', ''] : ['', ', ...turn.ai()']
  return {
    name,
    imports: { [name]: ['generateText', 'streamText'], [sdkOpenai]: ['createOpenAI'] },
    provider: 'openai',
    calls: `
  const turn = flywheel.turn({ task: 'chat' })
  const model = ${wrap}(createOpenAI({ apiKey: 'none', baseURL: url + '/v1' }).chat('stub'))
  const whole = await generateText({ model, prompt: 'Hi'${more} })
  let text = ''
  for await (const piece of streamText({ model, prompt: 'Hi'${more} }).textStream) text += piece
  return [whole.text, text]`,
    typed: `{
  const turn = flywheel.turn({ task: 'chat' })
  const model = ${wrap}(createOpenAI%({}).chat('stub'))
  generateText%({ model, prompt: 'Hi'${more} }).then(({ text }) => text.length, () => {})
}`,
  }
}

/** The subpaths that stand in the way of an event, and a file that is loaded at the first request. */
const subpaths: Row = {
  ...openai('openai'),
  name: 'subpaths',
  imports: {
    openai: ['OpenAI'],
    hono: ['Hono'],
    '@flywheel/sdk/redact': ['redactors'],
    '@flywheel/sdk/spool': ['spool'],
  },
  options: "redact: redactors(), spool: spool('spool-' + process.pid)",
  calls: `
  const client = flywheel.wrap(new OpenAI({ apiKey: 'none', baseURL: url + '/v1' }))
  const app = new Hono()
  app.use(flywheel.hono())
  app.get('/', async (context) => {
    const messages = [{ role: 'user', content: 'Hi' }]
    const whole = await client.chat.completions.create({ model: 'stub', messages })
    return context.text(whole.choices[0].message.content)
  })
  return [await (await app.request('/')).text(), await (await app.request('/')).text()]`,
}

export const ROWS: readonly Row[] = [
  openai('openai-5'),
  openai('openai'),
  openai('openai-7'),
  anthropic('anthropic-0'),
  anthropic('@anthropic-ai/sdk'),
  google('genai-1'),
  google('@google/genai'),
  vercel('ai-5', 'ai-sdk-openai-2'),
  vercel('ai-6', 'ai-sdk-openai-3'),
  vercel('ai-7', 'ai-sdk-openai-4'),
  subpaths,
]
