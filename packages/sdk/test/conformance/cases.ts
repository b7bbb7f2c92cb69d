/** Every case of the suite: its name in tests and in the matrix, and what it means. */
export const CASES = {
  returns: 'same promise class and keys, same value, one record with all fields',
  streams: 'same chunks and classes, one record with the whole answer and the time to the first token',
  'a slow stream': 'time to the first token is measured from the call, below the duration',
  throws: 'a connection that fails rejects with the same error',
  'an HTTP error': '429 and 500 reject with the same error; recorded as error with its class and message',
  'aborted before the answer': 'by AbortController; recorded as aborted, without an error',
  'aborted in the stream': 'by AbortController; recorded as aborted, with what was seen',
  'an early break': 'the host leaves the loop; recorded as aborted, with what was seen',
  'a stream reset half way': 'same error for the host; recorded as partial, with what was seen',
  'a stream that ends too early': 'the body stops without a finish; recorded as partial',
  'never read': 'a stream that nobody reads is recorded at shutdown',
  'dropped unread': 'a stream that nobody holds any more is recorded when it is collected',
  'read late': 'a stream that is kept while its promise is collected is read later, and recorded as ok',
  'never awaited': 'a call whose promise nobody takes is recorded',
  retried: 'the client’s own retries are one record',
  'n > 1': 'choices are kept apart, in index order',
  'n > 1, streamed': 'the same, with interleaved chunks',
  'parallel tool calls': 'all of them in order, with the model’s exact argument string',
  'parallel tool calls, streamed': 'the same, with interleaved pieces',
  'mutated input': 'the request is recorded as it was when the call was made',
  'a request that cannot be read': 'a getter throws at capture; the host gets its answer, the record stays',
  'an answer that cannot be read': 'the mapping throws; the host gets its answer, the record stays without content',
  'an answer of another shape': 'null, a list, a text, an empty object: the host gets what it would get',
  'redaction fails': 'the content is removed, the record stays',
  'called before its file is loaded': 'the first call right after wrap is recorded in full',
  'its file cannot be loaded': 'calls work and are recorded without content',
  'the id is known at once': 'idOf of the promise, the stream and the value is the id of the record',
  'wrapped twice': 'the same function, one record',
  unwrapped: 'the client is as it was, and nothing is recorded',
} as const

export type Case = keyof typeof CASES

/** Cases that only a streamed answer can be in. */
export const STREAMED: readonly Case[] = [
  'streams',
  'a slow stream',
  'aborted in the stream',
  'an early break',
  'a stream reset half way',
  'a stream that ends too early',
  'never read',
  'dropped unread',
  'read late',
  'n > 1, streamed',
  'parallel tool calls, streamed',
]
