/** Every test of this file, and every expect, is registered by the suite: `suite.ts`. */
import { openaiEmbeddings } from './adapters/openai-embeddings.js'
import { providerConformance } from './suite.js'

for (const adapter of openaiEmbeddings) providerConformance(adapter)
