import { openaiChat } from './adapters/openai-chat.js'
import { providerConformance } from './suite.js'

for (const adapter of openaiChat) providerConformance(adapter)
