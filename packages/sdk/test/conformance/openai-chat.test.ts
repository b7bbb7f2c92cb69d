/** Every test of this file, and every expect, is registered by the suite: `suite.ts`. */
import { openaiChat } from './adapters/openai-chat.js'
import { providerConformance } from './suite.js'

for (const adapter of openaiChat) providerConformance(adapter)
