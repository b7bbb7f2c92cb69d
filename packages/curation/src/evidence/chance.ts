import { byCodeUnit } from '../text/canonical-json.js'

/** Beyond this share of one label two people agree whatever they look at, and what is left says too little. */
const MOST_OF_ONE_LABEL = 0.95

/**
 * Agreement that two people reach by chance, who give each label as often as all of them do and look at nothing:
 * the sum of the squared shares (Scott 1955). Null where one label has nearly all.
 * @param subjects the labels of each subject; every subject weighs the same, however many judged it
 */
export function chanceAgreement(subjects: readonly (readonly string[])[]): number | null {
  const shares = new Map<string, number[]>()
  for (const labels of subjects) {
    for (const label of new Set(labels)) {
      const share = labels.filter((each) => each === label).length / labels.length
      const known = shares.get(label)
      if (known === undefined) shares.set(label, [share])
      else known.push(share)
    }
  }
  // Summed in the order of size: a sum of fractions must not depend on the order of rows.
  const sum = (list: number[]): number => list.sort((a, b) => a - b).reduce((total, each) => total + each, 0)
  const marginals = [...shares.keys()].sort(byCodeUnit).map((label) => sum(shares.get(label)!) / subjects.length)
  if (marginals.some((share) => share > MOST_OF_ONE_LABEL)) return null
  return sum(marginals.map((share) => share ** 2))
}

/**
 * An agreement beyond chance, on the scale where chance is one half: (1 + kappa) / 2 with kappa = (a - c) / (1 - c).
 * Where chance is one half already, as between two sides of a choice, it is the agreement itself.
 */
export function beyondChance(agreement: number, chance: number): number {
  return (1 + (agreement - chance) / (1 - chance)) / 2
}
