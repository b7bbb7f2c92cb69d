import { type ApiOptions, createApi, document } from '../src/index.js'

/** The OpenAPI document as it is checked in. Routes are only described here, so nothing behind them is needed. */
export function openApiText(): string {
  const api = createApi({} as ApiOptions)
  return `${JSON.stringify(api.getOpenAPI31Document(document), null, 2)}\n`
}
