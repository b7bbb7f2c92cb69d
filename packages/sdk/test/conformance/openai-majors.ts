import type { Message } from '@flywheel/schema/wire'
import OpenAI from 'openai'
import OpenAI5 from 'openai-5'
import OpenAI7 from 'openai-7'
import type { Adapter } from './adapter.js'
import { versionOf } from './version-of.js'

/** The majors of the package; their types differ in what is not used here, so one of them stands for all. */
const MAJORS = [
  ['openai-5', OpenAI5],
  ['openai', OpenAI],
  ['openai-7', OpenAI7],
] as unknown as [string, typeof OpenAI][]

/** An argument string that `JSON.parse` and `JSON.stringify` would change. */
export const EXACT = '{ "id": 12345678901234567890, "x": 1.0 }'

export const assistant = (...parts: unknown[]): Message => ({ role: 'assistant', parts }) as Message
export const said = (content: string): Message => assistant({ type: 'text', content })

/** What every endpoint's adapter has in common. */
type Shared = 'package' | 'version' | 'client' | 'error'

/** One adapter of an endpoint for each installed major. */
export const openaiAdapters = (endpoint: Omit<Adapter<OpenAI>, Shared>): Adapter<OpenAI>[] =>
  MAJORS.map(([name, Client]) => ({
    ...endpoint,
    package: 'openai',
    version: versionOf(name),
    client: (url, options) => new Client({ apiKey: 'x', baseURL: `${url}/v1`, ...options }),
    error: (status) => ({ error: { message: `no ${status}`, type: 't', code: 'c' } }),
  }))
