export { type HubPush, type HubPushOptions, pushToHub } from './push-to-hub.js'
export { findHubToken } from './token.js'
