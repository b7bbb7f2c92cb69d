/** The placeholders of one turn: of its rows, in the order in which values appear. */
export interface Numbering {
  readonly placeholders: Map<string, string>
  /** How many values of each kind there are. */
  readonly counts: Map<string, number>
}

/** Gives a value of a kind its placeholder. */
export type Placeholder = (name: string, value: string) => string

const LITERAL = /\[[A-Z][A-Z0-9_]*_\d+\]/g

/** An empty numbering. */
export function createNumbering(): Numbering {
  return { placeholders: new Map(), counts: new Map() }
}

/**
 * Numbers the values of one event. What the event spells out itself stands for somebody already and is given to nobody:
 * `text` gives the event as it was, and is asked only if something is found.
 */
export function numberer({ placeholders, counts }: Numbering, text: () => string): Placeholder {
  let literals: Set<string> | undefined
  return (name, value) => {
    literals ??= new Set(text().match(LITERAL))
    const key = `${name} ${value}`
    let placeholder = placeholders.get(key)
    while (placeholder === undefined || literals.has(placeholder)) {
      const count = (counts.get(name) ?? 0) + 1
      counts.set(name, count)
      placeholder = `[${name}_${count}]`
    }
    placeholders.set(key, placeholder)
    return placeholder
  }
}
