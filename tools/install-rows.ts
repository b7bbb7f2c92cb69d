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
  /** Declares `client`, of the type that the wrapped one must have too. */
  readonly typed?: string
}

const openai = (name: string): Row => ({
  name,
  imports: { [name]: ['OpenAI'] },
  provider: 'openai',
  typed: 'new OpenAI()',
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
  typed: 'new Anthropic()',
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
  typed: 'new GoogleGenAI({})',
  calls: `
  const client = flywheel.wrap(new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: url } }))
  const request = { model: 'stub', contents: 'Hi' }
  const whole = await client.models.generateContent(request)
  let text = ''
  for await (const chunk of await client.models.generateContentStream(request)) text += chunk.text ?? ''
  return [whole.text, text]`,
})

export const ROWS: readonly Row[] = [
  openai('openai-5'),
  openai('openai'),
  openai('openai-7'),
  anthropic('anthropic-0'),
  anthropic('@anthropic-ai/sdk'),
  google('genai-1'),
  google('@google/genai'),
]
