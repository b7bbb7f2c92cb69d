import type { Adapter } from '../adapter.js'
import { openaiChat } from './openai-chat.js'

/** Every adapter, in the order of the matrix: packages, then endpoints, then majors. */
export const ADAPTERS: readonly Adapter[] = [...openaiChat] as unknown as Adapter[]
