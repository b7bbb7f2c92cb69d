/** Hono on the server of Bun or Deno. Prints its port; each body is made while it is read. */
import process from 'node:process'
import { Hono } from 'hono'
import { start } from './scenario.js'

const [url, provider] = process.argv.slice(2)
const { flywheel, openai } = start({ url, provider })
const app = new Hono()
const encoder = new TextEncoder()
app.use(flywheel.hono({ user: (c) => c.req.query('user'), headers: true }))
app.get('/', () => {
  let left = 3
  return new Response(
    new ReadableStream({
      async pull(controller) {
        if (left-- === 0) return controller.close()
        await new Promise((resolve) => setTimeout(resolve, 2))
        await openai.chat.completions.create({ model: 'm', messages: [] })
        // More than the sockets hold: the next pull is asked for by the server, when its client has read.
        controller.enqueue(encoder.encode(`${flywheel.currentTurn()?.id} `.padEnd(8_000_000)))
      },
    }),
  )
})
app.get('/flush', async (c) => c.json(await flywheel.flush()))
const options = { port: 0, hostname: '127.0.0.1', onListen() {} }
const server = globalThis.Bun
  ? globalThis.Bun.serve({ ...options, fetch: app.fetch })
  : globalThis.Deno.serve(options, app.fetch)
console.log(server.port ?? server.addr.port)
