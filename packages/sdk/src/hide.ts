/** Sets an own property that `Object.keys`, spreading and `JSON.stringify` see only if they saw it before. */
export function hide(target: object, name: PropertyKey, value: unknown): void {
  const enumerable = Object.prototype.propertyIsEnumerable.call(target, name)
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable })
}
