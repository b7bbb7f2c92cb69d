/** Imports go one way: schema ◀ sdk; schema ◀ keys, event-log, store, curation ◀ services; runtime ◀ services; standalone alone composes services. */
const WORKSPACE = '^(packages|services|examples)/'

/** A rule: the package at `from` may import, of the workspace, itself and `allowed` alone. */
function only(name, from, allowed, comment) {
  const own = from.replace(/^\^/, '')
  return {
    name,
    comment,
    severity: 'error',
    from: { path: `${from}/src` },
    to: { path: WORKSPACE, pathNot: [`^${own}/`, ...allowed.map((path) => `^${path}`)] },
  }
}

const DOMAIN = [
  'packages/schema/',
  'packages/keys/',
  'packages/event-log/',
  'packages/store/',
  'packages/curation/',
  'packages/control/',
]

module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'A cycle has no first room. One closed by a lazy import has.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['dynamic-import'] } },
    },
    only('redaction-alone', '^packages/redaction', [], 'The SDK bundles it, curation reads rows with it.'),
    only('schema-alone', '^packages/schema', [], 'The contract knows nobody.'),
    only(
      'sdk-sees-schema',
      '^packages/sdk',
      ['packages/schema/src/wire[.]ts$', 'packages/redaction/'],
      'The client carries the wire types and the detectors, both bundled.',
    ),
    only(
      'runtime-sees-errors',
      '^packages/runtime',
      ['packages/schema/'],
      'Nothing of the domain but the error table.',
    ),
    only('keys-see-schema', '^packages/keys', ['packages/schema/'], 'Pure functions over node:crypto.'),
    only('log-sees-schema', '^packages/event-log', ['packages/schema/'], 'The log does not know the store.'),
    only('store-sees-schema', '^packages/store', ['packages/schema/'], 'The store does not know the log.'),
    only(
      'curation-sees-schema-and-redaction',
      '^packages/curation',
      ['packages/schema/', 'packages/redaction/'],
      'Pure functions over rows.',
    ),
    only(
      'control-sees-keys-and-store',
      '^packages/control',
      ['packages/schema/', 'packages/keys/', 'packages/store/'],
      'Projects and keys as rows.',
    ),
    {
      ...only(
        'cli-talks-http',
        '^packages/cli',
        ['packages/schema/', 'services/standalone/', 'services/api/client/'],
        'The command talks HTTP; `up` alone starts the embedded server, lazily.',
      ),
      from: {
        path: '^packages/cli/src',
        pathNot:
          '^packages/cli/src/(commands/(migrate|export-validate|export-push)|validate/|diff/|resample/|define-recipe)',
      },
    },
    {
      ...only(
        'cli-validates',
        '^packages/cli',
        ['packages/schema/', 'packages/curation/'],
        '`export validate`, `export diff` and `export resample` read files where they are, without a server.',
      ),
      from: { path: '^packages/cli/src/(commands/export-validate|validate/|diff/|resample/)' },
    },
    {
      ...only(
        'cli-pushes',
        '^packages/cli',
        ['packages/schema/', 'packages/hub/', 'services/api/client/'],
        '`export push` sends files from where they are, with the token of who runs it.',
      ),
      from: { path: '^packages/cli/src/commands/export-push' },
    },
    only('hub-sees-errors', '^packages/hub', ['packages/schema/'], 'Files, and the Hub; nothing of the domain.'),
    {
      ...only('cli-types-recipes', '^packages/cli', ['packages/curation/'], 'What an editor completes in a recipe.'),
      from: { path: '^packages/cli/src/define-recipe' },
    },
    {
      ...only(
        'cli-migrates',
        '^packages/cli',
        [...DOMAIN, 'packages/runtime/'],
        '`migrate` prepares what services use.',
      ),
      from: { path: '^packages/cli/src/commands/migrate' },
    },
    ...['collector', 'sink', 'api', 'exporter'].map((service) =>
      only(
        `${service}-no-sibling`,
        `^services/${service}`,
        [...DOMAIN, 'packages/runtime/', ...(service === 'exporter' ? ['packages/hub/'] : [])],
        'Services never import each other; standalone composes them.',
      ),
    ),
    only(
      'standalone-composes',
      '^services/standalone',
      [...DOMAIN, 'packages/runtime/', 'services/(collector|sink|api|exporter)/'],
      'The embedded profile.',
    ),
    only(
      'examples-use-what-is-published',
      '^examples/[^/]+',
      ['packages/sdk/', 'packages/cli/'],
      'An example is a customer.',
    ),
    {
      name: 'pure',
      comment: 'Curation and schema get I/O, clock and seed as arguments.',
      severity: 'error',
      from: { path: '^packages/(curation|schema|redaction)/src' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    { name: 'no-test-in-src', severity: 'error', from: { path: '/src/' }, to: { path: '/(test|bench)/' } },
    { name: 'resolvable', severity: 'error', from: { path: '/src/' }, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    // without this condition imports resolve to dist, which need not exist, and violations pass unseen
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@flywheel/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
    },
  },
}
