/** What people wrote to the shop. */
export interface Ticket {
  readonly id: string
  readonly from: string
  readonly subject: string
  readonly text: string
}

export const TICKETS: readonly Ticket[] = [
  {
    id: '37',
    from: 'Mira',
    subject: 'Where is my refund?',
    text: 'I sent the lamp back ten days ago. When do I get my money?',
  },
  {
    id: '38',
    from: 'Jonas',
    subject: 'Wrong colour',
    text: 'I ordered the blue chair and got a green one. What now?',
  },
  {
    id: '39',
    from: 'Aylin',
    subject: 'Delivery on Saturday',
    text: 'Can you deliver the shelf on a Saturday? I work all week.',
  },
]
