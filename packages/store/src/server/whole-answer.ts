import type { Readable } from 'node:stream'

/** The server's messages end at 16 KiB; the marks around them are short. */
const LONGEST_EXCEPTION_BYTES = 20 * 1024

/**
 * The bytes of an answer, or the error that the server wrote behind them. A statement that fails when the status is long
 * sent ends its answer with the exception, which must not be taken for rows: so the last bytes are kept back until
 * nothing follows them.
 * @param tag of the header `X-ClickHouse-Exception-Tag`; servers before 25.11 send none and no marks
 * @throws Error with the server's `Code: …` sentence
 */
export async function* wholeAnswer(answer: Readable, tag: unknown): AsyncGenerator<Uint8Array> {
  let kept: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk])
      if (kept.length <= LONGEST_EXCEPTION_BYTES) continue
      yield kept.subarray(0, kept.length - LONGEST_EXCEPTION_BYTES)
      kept = kept.subarray(kept.length - LONGEST_EXCEPTION_BYTES)
    }
  } catch (error) {
    // A server that fails half-way also breaks the connection: its own words say more.
    throw exceptionIn(kept, tag) ?? error
  }
  const exception = exceptionIn(kept, tag)
  if (exception !== null) throw exception
  if (kept.length > 0) yield kept
}

function exceptionIn(tail: Buffer, tag: unknown): Error | null {
  const text = tail.toString('latin1')
  if (typeof tag === 'string') {
    const marked = new RegExp(`__exception__\\r\\n${tag}\\r?\\n([\\s\\S]*?)\\r?\\n\\d+ ${tag}\\r\\n__exception__`).exec(
      text,
    )
    return marked === null ? null : new Error(Buffer.from(marked[1] as string, 'latin1').toString())
  }
  // Any row can hold such words, so only where the server has no marks, and only as the very last line.
  const bare = /(?:^|\n)(Code: \d+\. DB::Exception: [^\n]*\(version [^)\n]*\))\n?$/.exec(text)
  return bare === null ? null : new Error(bare[1])
}
