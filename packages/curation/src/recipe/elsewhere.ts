const PLAN = 'a recipe says what a set is, not when it is made or where it goes; write it in the file of plans'

function inPlan(entry: string): string {
  return `${PLAN} (FLYWHEEL_EXPORT_PLANS): ${entry}`
}

const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['schedule', inPlan('recipes: [{ name: nightly, cron: 0 3 * * *, recipe: { stored: NAME } }]')],
  [
    'destinations',
    inPlan(
      'recipes: [{ name: nightly, destinations: [lake], recipe: { stored: NAME } }] and destinations: { lake: { kind: s3, bucket: datasets } }',
    ),
  ],
  [
    'sources',
    'every interaction with feedback is a source; choose among them with filter ({ "task": "reply", "environment": "production" }), and among the kinds of feedback with strategies (["edit.final", "review.decision"])',
  ],
])

/** Where something stands that people look for in a recipe, and how it is written there; undefined for any other key. */
export function elsewhereOf(key: string): string | undefined {
  return ELSEWHERE.get(key)
}
