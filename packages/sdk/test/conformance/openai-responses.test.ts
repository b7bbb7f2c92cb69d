import { openaiResponses } from './adapters/openai-responses.js'
import { providerConformance } from './suite.js'

for (const adapter of openaiResponses) providerConformance(adapter)
