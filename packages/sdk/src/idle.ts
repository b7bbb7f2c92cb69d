/** Kinds of handles that a request to the collector holds, or that hold no process by themselves. */
const OURS = /^(tcpsocketwrap|tcpconnectwrap|tlswrap|getaddrinforeqwrap|pipewrap|ttywrap|closereq)$/i

/**
 * True if one request in flight is all that keeps the process alive. False where the runtime does not tell: there a
 * request ends by its own timeout.
 */
export function isIdle(): boolean {
  const { process } = globalThis as { process?: { getActiveResourcesInfo?: () => string[] } }
  const left = process?.getActiveResourcesInfo?.()
  return !!left?.every((kind) => OURS.test(kind)) && left.filter((kind) => kind === 'TCPSocketWrap').length <= 1
}
