import { ticketOf } from '@flywheel/sdk/browser'

/** One of two answers to choose between. */
export interface Candidate {
  readonly id: string
  readonly text: string
}

/** The reply to a ticket, as far as it is. */
export interface Reply {
  readonly text: string
  /** What the model wrote. */
  readonly shown: string
  /** Flywheel's ticket: the right to say what became of this answer. */
  readonly ticket: string | null
  /** The interaction whose output is shown. */
  readonly interaction: string | null
  readonly isWriting: boolean
  readonly pair: readonly Candidate[] | null
  readonly thumb: 'up' | 'down' | 'none'
  /** Id of the mail, once it is sent. */
  readonly mail: string | null
}

export const EMPTY: Reply = {
  text: '',
  shown: '',
  ticket: null,
  interaction: null,
  isWriting: false,
  pair: null,
  thumb: 'none',
  mail: null,
}

async function post(path: string, body: object): Promise<Response> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return response
}

/** Asks for a draft and tells each piece of it as it comes. */
export async function requestDraft(
  request: { ticketId: string; session: string; regenerates?: string },
  onChange: (change: Partial<Reply>) => void,
): Promise<{ ticket: string | null; interaction: string; text: string }> {
  const response = await post('/api/draft', request)
  const ticket = ticketOf(response)
  const interaction = response.headers.get('flywheel-interaction') ?? ''
  onChange({ ...EMPTY, ticket, interaction, isWriting: true })
  let text = ''
  let rest = ''
  const reader = (response.body as ReadableStream<BufferSource>).pipeThrough(new TextDecoderStream()).getReader()
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const lines = (rest + piece.value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) text += JSON.parse(line).choices[0]?.delta.content ?? ''
    onChange({ text })
  }
  onChange({ text, shown: text, isWriting: false })
  return { ticket, interaction, text }
}

export async function requestPair(request: {
  ticketId: string
  session: string
}): Promise<{ ticket: string; candidates: Candidate[] }> {
  return (await post('/api/pair', request)).json()
}

/** Returns the mail's id. */
export async function sendReply(ticketId: string, text: string, ticket: string): Promise<string> {
  return (await (await post('/api/send', { ticketId, text, ticket })).json()).mail
}
