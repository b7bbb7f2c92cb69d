import type { Purpose } from '@flywheel/schema'
import { createClient } from '../client.js'
import type { CommandContext } from '../context.js'
import { EXIT } from '../exit.js'
import { parseTime } from '../times.js'

interface DeclareFlags {
  purpose: Purpose
  basis?: string
  appliesFrom?: string
  withdraw?: boolean
}

/** `flywheel consent declare`. */
export async function consentDeclare(context: CommandContext, own: DeclareFlags): Promise<number> {
  const { output } = context
  const response = await createClient(context).v1.consent.$post({
    json: {
      purpose: own.purpose,
      label: own.withdraw === true ? 'withdrawn' : 'granted',
      ...(own.basis === undefined ? {} : { basis: own.basis }),
      ...(own.appliesFrom === undefined ? {} : { applies_from: parseTime(own.appliesFrom) }),
    },
  })
  const consent = await response.json()
  output.one(consent, `${consent.purpose} ${consent.label} for the project, from ${consent.applies_from}`)
  if (consent.label === 'granted' && own.appliesFrom === undefined) {
    output.say('Rows before that time are not covered; --applies-from 7d covers a week of them.')
  }
  return EXIT.ok
}
