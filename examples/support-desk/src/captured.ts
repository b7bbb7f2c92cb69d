/** A line of the panel beside the editor. */
export interface Captured {
  readonly id: string
  readonly at: string
  readonly kind: string
  /** What it says, shortened. */
  readonly detail: string
}

interface StoredFeedback {
  id: string
  t: string
  kind: string
  label: string
  stage: string
  winner: string
  kept_preview?: string
  trust: string
  [field: string]: unknown
}

interface StoredInteraction {
  id: string
  t: string
  status: string
  output_preview: string
  feedback: StoredFeedback[]
}

/** Reads from Flywheel's query API what it has stored of a session, newest first. */
export function createCaptured(url: string, apiKey: string): (session: string) => Promise<Captured[]> {
  async function get<T>(path: string): Promise<T> {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${apiKey}` } })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as T
  }
  return async (session) => {
    const list = await get<{ items: { id: string }[] }>(`/v1/interactions?session_id=${encodeURIComponent(session)}`)
    const interactions = await Promise.all(
      list.items.map(({ id }) => get<StoredInteraction>(`/v1/interactions/${encodeURIComponent(id)}`)),
    )
    const lines = interactions.flatMap(({ id, t, status, output_preview, feedback }) => [
      { id, at: t, kind: 'interaction', detail: `${status}: ${output_preview}` },
      ...feedback.map((event) => ({ id: event.id, at: event.t, kind: event.kind, detail: detailOf(event) })),
    ])
    // A choice stands with each of its candidates.
    const unique = new Map(lines.map((line) => [line.id, line]))
    return [...unique.values()].sort((a, b) => (a.at < b.at ? 1 : -1))
  }
}

function detailOf({ stage, label, winner, trust, ...rest }: StoredFeedback): string {
  const kept = rest['kept'] ?? rest['kept_preview'] ?? ''
  return [stage, label, winner && `winner ${winner}`, String(kept), `(${trust})`].filter(Boolean).join(' ')
}
