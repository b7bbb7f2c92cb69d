import { type Detector, startsWord } from './detector.js'

const SSN = /(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g

/** Social security numbers of the United States with their hyphens, by the ranges that are given out. */
export const ssn: Detector = {
  name: 'SSN',
  find: (text) =>
    [...text.matchAll(SSN)]
      .filter(({ index }) => startsWord(text, index))
      .map(({ 0: value, index }) => ({ start: index, end: index + value.length, value })),
}
