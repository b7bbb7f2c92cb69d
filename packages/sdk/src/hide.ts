/** Sets an own property that `Object.keys`, spreading and `JSON.stringify` do not see. */
export function hide(target: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false })
}
