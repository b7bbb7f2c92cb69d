import type { ChatCompletionFunctionTool } from 'openai/resources/chat/completions'

/** What the shop's customers ask, what is true, and what the model likes to say instead. */
export interface Topic {
  name: string
  /** Words by which the model stub recognises the topic. */
  keyword: string
  questions: readonly string[]
  followUps: readonly string[]
  /** The shop's rule, as its experts would write it. */
  fact: string
  /** What a model without the handbook says. */
  wrong: string
  nextStep: string
}

export const TOPICS: readonly Topic[] = [
  {
    name: 'refund',
    keyword: 'refund',
    questions: [
      'I sent back order {order} and still have no refund. When do I get my money?',
      'How long does a refund take for order {order}?',
      'I would like a refund for the lamp from order {order}, it flickers.',
    ],
    followUps: ['Does the refund include the shipping costs?', 'Can I have the refund as a voucher instead?'],
    fact: 'Refunds are paid within 5 working days after the parcel reaches our warehouse.',
    wrong: 'Refunds usually take up to 30 days to be processed.',
    nextStep: 'I have asked the warehouse to check your parcel today.',
  },
  {
    name: 'delivery',
    keyword: 'parcel',
    questions: [
      'Where is my parcel for order {order}? The tracking has not moved for days.',
      'My parcel for order {order} says delivered but nothing is here.',
      'Can you send the parcel of order {order} to another address?',
    ],
    followUps: ['The parcel carrier did not leave a note, what now?', 'And if the parcel is lost?'],
    fact: 'We search for a parcel after 3 working days without a scan and send a new one after 7.',
    wrong: 'Please contact the carrier directly, as we have no influence on the parcel once it has left.',
    nextStep: 'I have opened a search with the carrier and will write to you tomorrow.',
  },
  {
    name: 'password',
    keyword: 'password',
    questions: [
      'The password reset mail for {email} never arrives.',
      'I am locked out, my password for {email} does not work any more.',
    ],
    followUps: ['I reset the password but the app still wants the old one.', 'Is my password stored in plain text?'],
    fact: 'A reset link is valid for 20 minutes, and only the newest one works.',
    wrong: 'The reset link is valid for 24 hours and you can use any of the mails.',
    nextStep: 'I have sent a fresh link just now.',
  },
  {
    name: 'invoice',
    keyword: 'invoice',
    questions: [
      'I need the invoice for order {order} with our VAT number on it.',
      'The invoice for order {order} shows the wrong company name.',
    ],
    followUps: ['Can the invoice go to accounting as well?', 'Do you also send an invoice on paper?'],
    fact: 'Invoices can be corrected for 90 days under Account, Orders, Invoice.',
    wrong: 'Unfortunately an invoice cannot be changed once it has been issued.',
    nextStep: 'I have attached the corrected invoice.',
  },
  {
    name: 'cancellation',
    keyword: 'cancel',
    questions: [
      'Please cancel order {order}, I chose the wrong size.',
      'Can I still cancel order {order}? It was placed an hour ago.',
    ],
    followUps: ['What if it ships before you cancel it?', 'Can I cancel only one of the two items?'],
    fact: 'An order can be cancelled free of charge until it is packed, usually for 4 hours.',
    wrong: 'Orders cannot be cancelled, but you may return them within 14 days.',
    nextStep: 'I have stopped the order and you will see the amount tomorrow.',
  },
  {
    name: 'warranty',
    keyword: 'warranty',
    questions: [
      'The zip of the jacket from order {order} broke after a year. Is that under warranty?',
      'How do I claim the warranty for the kettle of order {order}?',
    ],
    followUps: ['Who pays the postage for a warranty claim?', 'Do I need the box for the warranty?'],
    fact: 'Our warranty covers 3 years, and we pay the postage in both directions.',
    wrong: 'The statutory warranty of 2 years applies, please send the item at your own cost.',
    nextStep: 'Your return label is attached.',
  },
]

export const SYSTEM_PROMPT =
  'You draft replies for the support desk of Nordlicht, a shop for lamps, jackets and kettles. Be brief and correct.'

export const ORDER_TOOL: ChatCompletionFunctionTool = {
  type: 'function',
  function: {
    name: 'get_order',
    description: 'Looks up an order by its number.',
    parameters: {
      type: 'object',
      properties: { order: { type: 'string' }, fields: { type: 'array', items: { type: 'string' } } },
      required: ['order'],
    },
  },
}

export const HEDGE = 'As an AI assistant I cannot be completely certain, but here is what I found.'
export const PADDING =
  'Please do not hesitate to reach out to us at any time should you have any further questions whatsoever.'
export const SIGNATURE = 'Kind regards\nNordlicht support'

/** The habits of the model that an expert takes out, counted. */
export function flawsOf(text: string): number {
  const wrong = TOPICS.some((topic) => text.includes(topic.wrong)) ? 2 : 0
  return wrong + (text.includes(HEDGE) ? 1 : 0) + (text.includes(PADDING) ? 1 : 0) + (text.startsWith('Hello') ? 0 : 1)
}

/** The topic a text is about. */
export function topicOf(text: string): Topic | undefined {
  const lower = text.toLowerCase()
  return TOPICS.find((topic) => lower.includes(topic.keyword))
}
