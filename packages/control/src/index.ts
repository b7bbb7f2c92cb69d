export { type Bootstrapped, bootstrapProject, DEFAULT_PROJECT_ID } from './bootstrap.js'
export { issueApiKey, type NewApiKey } from './issue-key.js'
export { createKeyDirectory, type KeyDirectory, type KeyDirectoryOptions } from './key-directory.js'
