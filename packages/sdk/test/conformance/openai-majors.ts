import type { Message } from '@flywheel/schema/wire'
import type OpenAI from 'openai'
import { MAJORS } from '../support/openai-majors.js'
import type { Adapter } from './adapter.js'
import { versionOf } from './version-of.js'

/** An argument string that `JSON.parse` and `JSON.stringify` would change. */
export const EXACT = '{ "id": 12345678901234567890, "x": 1.0 }'

export const assistant = (...parts: unknown[]): Message => ({ role: 'assistant', parts }) as Message
export const said = (content: string): Message => assistant({ type: 'text', content })

/** What every endpoint's adapter has in common. */
type Shared = 'package' | 'version' | 'client' | 'error'

/** One adapter of an endpoint for each installed major, or for those from one on. */
export const openaiAdapters = (endpoint: Omit<Adapter<OpenAI>, Shared>, from = 5): Adapter<OpenAI>[] =>
  MAJORS.filter(([major]) => Number(major) >= from).map(([_major, name, Client]) => ({
    ...endpoint,
    package: 'openai',
    version: versionOf(name),
    client: (url, options) => new Client({ apiKey: 'x', baseURL: `${url}/v1`, ...options }),
    error: (status) => ({ error: { message: `no ${status}`, type: 't', code: 'c' } }),
  }))
