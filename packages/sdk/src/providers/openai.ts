import type { Mappings } from '../provider.js'
import { chat } from './openai-chat.js'

/** The endpoints of the package `openai` 5, 6 and 7. */
export const mappings: Mappings = { chat }
