// Exits 0 while the service in this container answers that it is alive. Not /readyz: a store that is away makes a
// service unready, and no restart of the service helps that.
const { PORT: port } = process.env
const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4000) }).catch(() => null)
process.exit(answer?.ok === true ? 0 : 1)
