// A module hook that adds `@flywheel/source` to the conditions of every import, as `node --conditions` would.
export function resolve(specifier, context, next) {
  return next(specifier, { ...context, conditions: [...context.conditions, '@flywheel/source'] })
}
