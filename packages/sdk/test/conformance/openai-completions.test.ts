import { openaiCompletions } from './adapters/openai-completions.js'
import { providerConformance } from './suite.js'

for (const adapter of openaiCompletions) providerConformance(adapter)
