/** One request as its trace shows it. Never given a line or a part of one. */
export interface RequestSpan {
  /** Numbers and ids of the request, by their names in the span. */
  set(attributes: Readonly<Record<string, string | number>>): void
  /** Runs `append` inside of a span of its own. */
  append<Done>(append: () => Promise<Done>): Promise<Done>
  /** @param code of the error that was answered, where one was */
  end(status: number, code?: string): void
}

/** Where traces go. */
export interface Tracing {
  start(headers: Headers, requestId: string): RequestSpan
  /** Sends what is left. */
  close(): Promise<void>
}

const NO_SPAN: RequestSpan = { set: () => {}, append: (append) => append(), end: () => {} }

/** Nobody looks. */
export const NO_TRACING: Tracing = { start: () => NO_SPAN, close: async () => {} }
