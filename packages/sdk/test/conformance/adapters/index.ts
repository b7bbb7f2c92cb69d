import type { Adapter } from '../adapter.js'
import { anthropic } from './anthropic.js'
import { google } from './google.js'
import { openaiChat } from './openai-chat.js'
import { openaiCompletions } from './openai-completions.js'
import { openaiEmbeddings } from './openai-embeddings.js'
import { openaiResponses } from './openai-responses.js'

/** Every adapter, in the order of the matrix: packages, then endpoints, then majors. */
export const ADAPTERS: readonly Adapter[] = [
  ...openaiChat,
  ...openaiResponses,
  ...openaiCompletions,
  ...openaiEmbeddings,
  ...anthropic,
  ...google,
] as unknown as Adapter[]
