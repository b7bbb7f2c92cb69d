export const BATCH_ROWS = 200

const hex = (value: number, width: number) => value.toString(16).padStart(width, '0')

/** The same bytes for the same number, whoever makes them. */
export function batchOf(batch: number): Buffer {
  const lines = Array.from({ length: BATCH_ROWS }, (_, row) =>
    JSON.stringify({
      project_id: 'p',
      received_at: '2026-03-01T10:00:00.000Z',
      trust: 'server',
      source: `log/0:${batch}/${row}`,
      body_until: '2100-01-01T00:00:00.000Z',
      row_until: '2100-01-01T00:00:00.000Z',
      id: `${hex(0x019ca000 + (batch % 256), 8)}-${hex(batch, 4)}-7${hex(row, 3)}-8000-${hex(batch * BATCH_ROWS + row, 12)}`,
      session_id: String(batch),
      messages: [{ role: 'user', parts: [{ type: 'text', content: 'x'.repeat(2000) }] }],
    }),
  )
  return Buffer.from(lines.join('\n'))
}
