export { loadStandaloneConfig, type StandaloneConfig } from './config.js'
export { type RestoreSummary, restoreBackup } from './restore.js'
export { type Standalone, type StandaloneOptions, startStandalone } from './standalone.js'
