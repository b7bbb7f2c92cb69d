/** Every test of this file, and every expect, is registered by the suite: `suite.ts`. */
import { openaiResponses } from './adapters/openai-responses.js'
import { providerConformance } from './suite.js'

for (const adapter of openaiResponses) providerConformance(adapter)
