import type { Adapter } from '../adapter.js'
import { anthropic } from './anthropic.js'
import { google } from './google.js'
import { openaiChat } from './openai-chat.js'

/** Every adapter, in the order of the matrix: packages, then endpoints, then majors. */
export const ADAPTERS: readonly Adapter[] = [...openaiChat, ...anthropic, ...google] as unknown as Adapter[]
