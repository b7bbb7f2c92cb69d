import { createDraws } from './random.js'

/** The shop's order look-up, the tool that the model may call. Returns JSON text; an order is where it is, however often asked. */
export function getOrder(args: string): string {
  const { order } = JSON.parse(args) as { order: string }
  return JSON.stringify({ order, status: createDraws(order).pick(['packed', 'shipped', 'delivered', 'returned']) })
}
