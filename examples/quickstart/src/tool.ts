import type { Draws } from './random.js'

/** The shop's order look-up, the tool that the model may call. Returns JSON text. */
export function getOrder(args: string, draws: Draws): string {
  const { order } = JSON.parse(args) as { order: string }
  return JSON.stringify({ order, status: draws.pick(['packed', 'shipped', 'delivered', 'returned']) })
}
