import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'

/**
 * As `fetch`, for an answer that is held whole, and with all the patience that the answer needs: `fetch` gives up after five
 * minutes without one, and an export, a count or a backup may take longer. Redirects are not followed.
 */
export async function patientFetch(url: URL, init: RequestInit & { headers: Headers }): Promise<Response> {
  const { method = 'GET', headers, body, signal } = init
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { method, headers: Object.fromEntries(headers), ...(signal ? { signal } : {}) }
    const request = send(url, options, resolve)
    request.on('error', reject)
    // A way through a firewall that forgets idle connections stays open meanwhile.
    request.on('socket', (socket) => socket.setKeepAlive(true, 30_000))
    request.end(typeof body === 'string' ? body : undefined)
  })
  const { statusCode: status = 0 } = answer
  const type = answer.headers['content-type']
  const said = await text(answer)
  // These have no body by their nature.
  const held = status === 204 || status === 304 ? null : said
  return new Response(held, { status, headers: type === undefined ? {} : { 'content-type': type } })
}
