import type { Mappings } from '../provider.js'
import { chat } from './openai-chat.js'
import { completions } from './openai-completions.js'
import { embeddings } from './openai-embeddings.js'
import { responses } from './openai-responses.js'

/** The endpoints of the package `openai` 5, 6 and 7. */
export const mappings: Mappings = { chat, responses, embeddings, completions }
