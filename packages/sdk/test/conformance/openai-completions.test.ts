/** Every test of this file, and every expect, is registered by the suite: `suite.ts`. */
import { openaiCompletions } from './adapters/openai-completions.js'
import { providerConformance } from './suite.js'

for (const adapter of openaiCompletions) providerConformance(adapter)
