import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { neighbours } from '../../src/evidence/neighbours.js'
import { START, Story, uuid } from '../support.js'

describe('neighbours', () => {
  it('are the later steps of the turn and the turn before in the session, whatever the order of rows', () => {
    const placed = fc.record({ turn: fc.nat(3), session: fc.nat(1), has_text: fc.boolean() })
    fc.assert(
      fc.property(fc.array(placed, { minLength: 1, maxLength: 12 }), fc.boolean(), (all, isReversed) => {
        const story = new Story()
        const ids = all.map(({ turn, session, has_text }, n) =>
          story.ask({
            id: uuid(START + n, n),
            turn: `t${session}${turn}`,
            session: `s${session}`,
            head: { has_text },
          }),
        )
        const rows = isReversed ? [...story.interactions].reverse() : story.interactions
        const { laterSteps, previousInSession } = neighbours(rows, [])
        for (const [n, id] of ids.entries()) {
          const { turn, session } = all[n]!
          const isSameTurn = (each: (typeof all)[0]): boolean => each.session === session && each.turn === turn
          expect(laterSteps(id)).toEqual(ids.filter((_, m) => m > n && isSameTurn(all[m]!)))
          const before = all.findLastIndex(
            (each, m) => m < n && each.session === session && each.has_text && !isSameTurn(each),
          )
          expect(previousInSession(id)).toBe(ids[before])
        }
      }),
    )
  })
})
