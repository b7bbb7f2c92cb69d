import { DETECTORS, type Detector, type DetectorName } from '@flywheel/redaction'

/** A placeholder of redaction, ours or the SDK's, with its kind. */
export const PLACEHOLDER: RegExp = /\[([A-Z][A-Z0-9_]*)_\d+\]/g

/** The detectors that a recipe names, in the order of their rank, whatever the recipe's. */
export function rankedDetectors(names: readonly DetectorName[]): Detector[] {
  return (Object.keys(DETECTORS) as DetectorName[])
    .filter((name) => names.includes(name))
    .map((name) => DETECTORS[name][0])
}

/** A text whose placeholders say their kind alone: the numbers are of one row. */
export function withoutNumbers(text: string): string {
  return text.replace(PLACEHOLDER, '[$1]')
}
