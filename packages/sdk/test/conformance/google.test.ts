import { google } from './adapters/google.js'
import { providerConformance } from './suite.js'

for (const adapter of google) providerConformance(adapter)
