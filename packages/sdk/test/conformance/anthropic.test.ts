import { anthropic } from './adapters/anthropic.js'
import { providerConformance } from './suite.js'

for (const adapter of anthropic) providerConformance(adapter)
