import { openaiEmbeddings } from './adapters/openai-embeddings.js'
import { providerConformance } from './suite.js'

for (const adapter of openaiEmbeddings) providerConformance(adapter)
