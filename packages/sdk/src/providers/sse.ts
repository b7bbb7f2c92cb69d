/**
 * Reads server-sent events from the bytes of a body, whatever their borders, and hands on each event's data as JSON.
 * What is no JSON (`[DONE]`) is passed over.
 */
export function readEvents(take: (data: unknown) => void): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder()
  let pending = ''
  let data: string[] = []
  const close = () => {
    const text = data.join('\n')
    data = []
    if (text === '') return
    try {
      take(JSON.parse(text))
    } catch {
      // The provider's client has to say what it makes of it.
    }
  }
  return (bytes) => {
    const lines = (pending + decoder.decode(bytes, { stream: true })).split('\n')
    pending = lines.pop() ?? ''
    for (const given of lines) {
      const line = given.endsWith('\r') ? given.slice(0, -1) : given
      if (line === '') close()
      else if (line.startsWith('data:')) data.push(line.slice(5).trimStart())
    }
  }
}
