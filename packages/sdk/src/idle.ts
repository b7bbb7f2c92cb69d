/** Kinds of handles that hold no process by themselves, and those of a request on its way. */
const OURS = /^(pipewrap|ttywrap|closereq|tcpsocketwrap|tcpconnectwrap|getaddrinforeqwrap)$/i

/**
 * True if one request on its way is all that keeps the process alive. False where the runtime does not tell, as in Bun,
 * Deno and Workers: there a request ends by its own timeout.
 */
export function isIdle(): boolean {
  try {
    const { process } = globalThis as { process?: { getActiveResourcesInfo?: () => string[] } }
    const left = process?.getActiveResourcesInfo?.() ?? []
    const sockets = left.filter((kind) => kind === 'TCPSocketWrap').length
    return (
      left.every((kind) => OURS.test(kind)) && (sockets === 1 || (sockets === 0 && left.includes('GetAddrInfoReqWrap')))
    )
  } catch {
    return false
  }
}
