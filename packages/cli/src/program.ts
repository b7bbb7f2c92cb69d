import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import type { CommandContext, GlobalFlags } from './context.js'
import { CliError, describeFailure, EXIT } from './exit.js'
import { TEXT_FILTERS } from './filters.js'
import { createOutput, type Format, OUTPUT_FORMATS } from './output.js'

/** The published version; one folder above both src and dist. */
function versionOf(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** Runs one command and resolves to its exit code. Never throws. */
export async function run(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController()
  let exitCode: number = EXIT.ok

  /** Wraps a command: builds its context, and imports it only when it is the one that runs. */
  function action<Values extends unknown[]>(
    load: () => Promise<(context: CommandContext, ...values: Values) => Promise<number | undefined>>,
  ) {
    return async (...given: unknown[]) => {
      const command = given.at(-1) as Command
      const flags = command.optsWithGlobals<GlobalFlags>()
      const output = createOutput({
        format: formatOf(flags, command),
        isQuiet: flags.quiet ?? false,
        stdout: process.stdout,
        stderr: process.stderr,
      })
      const command_ = await load()
      exitCode =
        (await command_({ flags, output, signal: interrupt.signal }, ...(given.slice(0, -1) as Values))) ?? EXIT.ok
    }
  }

  const program = new Command('flywheel')
    .description('Captures model calls and what people did with the answers, and turns them into training data.')
    .version(versionOf(), '-V, --version')
    .option('--url <url>', 'server (FLYWHEEL_URL; default: what flywheel up wrote, else http://127.0.0.1:8787)')
    .option('--api-key <key>', 'secret key (better by FLYWHEEL_API_KEY: other users of this machine see arguments)')
    .option('--data-dir <folder>', 'data folder of flywheel up (default: .flywheel, here or in a folder above)')
    .option('--json', 'JSON on stdout')
    .addOption(
      new Option(
        '--format <format>',
        'table, jsonl or csv (default: a table on a terminal, JSONL in a pipe); for export run also a target',
      ),
    )
    .option('-q, --quiet', 'no messages on stderr')
    .option('--no-color', 'no effect: output has no colours')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) })
    .showHelpAfterError('(flywheel --help lists the commands)')

  program
    .command('up')
    .description('start Flywheel in one process, and print its URL and, the first time, its keys')
    .option('--port <port>', 'port; 0 takes a free one (FLYWHEEL_PORT; default 8787)')
    .option('--host <host>', 'address (FLYWHEEL_HOST; default 127.0.0.1; any other needs FLYWHEEL_SECRET)')
    .option('--export-cron <expression>', 'export on a schedule, as "0 3 * * *" (FLYWHEEL_EXPORT_CRON)')
    .option(
      '--clickhouse-port <port>',
      'where ClickHouse clients read the store, with a secret key (FLYWHEEL_CLICKHOUSE_PORT; default off)',
    )
    .action(action(async () => (await import('./commands/up.js')).up))

  program
    .command('migrate')
    .description('prepare Kafka and ClickHouse for the services: topic, tables, project and, the first time, keys')
    .option('--dry-run', 'print what would be done, as statements')
    .option(
      '--partitions <count>',
      'of the topic: most sinks that work at once; never fewer than there are (default 6)',
    )
    .option('--retention-days <days>', 'of the topic when it is made (default 7)')
    .option('--wait <seconds>', 'how long to wait for Kafka and ClickHouse', '0')
    .action(action(async () => (await import('./commands/migrate.js')).migrate))

  const list = program.command('list').description('interactions, newest first; every filter given must hold')
  for (const [name, meaning] of Object.entries(TEXT_FILTERS))
    list.option(`--${name.replaceAll('_', '-')} <value>`, meaning)
  list
    .option('--has-feedback', 'only with feedback')
    .option('--no-feedback', 'only without')
    .option('--limit <rows>', 'most rows', '50')
    .option('--cursor <cursor>', 'where the page before ended')
    .option('--since <time>', 'RFC 3339, or an age: 30m, 24h, 7d')
    .option('--until <time>', 'RFC 3339 or an age')
    .action(action(async () => (await import('./commands/list.js')).list))

  program
    .command('show <id>')
    .description('one interaction with its feedback')
    .action(action(async () => (await import('./commands/show.js')).show))

  program
    .command('query <sql>')
    .description('one read-only SELECT; - reads it from stdin')
    .option('--limit <rows>', 'most rows', '10000')
    .action(action(async () => (await import('./commands/query.js')).query))

  const exports_ = program.command('export').description('data sets')
  exports_
    .command('run')
    .description('curate what is stored now into a data set')
    .option(
      '--recipe <file>',
      'TypeScript, JavaScript, YAML or JSON; - reads JSON from stdin (default: flywheel.recipe.* of this folder)',
    )
    .option('--no-recipe', 'the default recipe, whatever this folder holds')
    .option('--recipe-name <name>', 'a recipe that the server stores: flywheel recipe list')
    .option('--plan <name>', "recipe, webhooks and destinations of one of the server's plans")
    .option(
      '--as-of <id>',
      'make an earlier export once more, by its id or at least four digits: the same bytes, or a refusal',
    )
    .option(
      '--target <target...>',
      "trainers to write for, in place of the recipe's: trl, trl-messages, trl-prompts, openai, tinker, axolotl, llama-factory, nemo-rl, verifiers, hub, evaluation",
    )
    .action(action(async () => (await import('./commands/export-run.js')).exportRun))
  exports_
    .command('count')
    .description(
      'what a run would yield now, by strategy and shape, with the funnel; publishes nothing; 5 where nothing',
    )
    .option('--recipe <file>', 'as of a run: TypeScript, JavaScript, YAML or JSON; - reads JSON from stdin')
    .option('--no-recipe', 'the default recipe, whatever this folder holds')
    .option('--recipe-name <name>', 'a recipe that the server stores')
    .option('--plan <name>', "the recipe of one of the server's plans")
    .option('--target <target...>', "trainers to count for, in place of the recipe's")
    .action(action(async () => (await import('./commands/export-count.js')).exportCount))
  exports_
    .command('list')
    .description('exports, newest first')
    .action(action(async () => (await import('./commands/export-list.js')).exportList))
  exports_
    .command('runs')
    .description('runs of exports, newest first: when, of what, with which result')
    .option('--limit <rows>', 'most rows, up to 1000', '100')
    .action(action(async () => (await import('./commands/export-runs.js')).exportRuns))
  exports_
    .command('show <id>')
    .description('manifest and funnel of an export, by its id or its first digits')
    .action(action(async () => (await import('./commands/export-show.js')).exportShow))
  exports_
    .command('diff <a> <b>')
    .description('what changed between two exports, and why: ids, their first digits, or folders (copies too)')
    .option('--rows', 'the rows that differ, one a line, in place of the summary')
    .action(action(async () => (await import('./commands/export-diff.js')).exportDiff))
  exports_
    .command('explain <row_id>')
    .description('the way back from a row of a data set to its feedback and calls')
    .action(action(async () => (await import('./commands/export-explain.js')).exportExplain))
  exports_
    .command('push <export>')
    .description('make a dataset of the Hugging Face Hub hold an export, by its id or its folder; token by HF_TOKEN')
    .requiredOption('--hub <organisation/name>', 'the dataset; made private where there is none')
    .option('--public', 'push although everybody can read it; one that is made is made so')
    .action(action(async () => (await import('./commands/export-push.js')).exportPush))
  exports_
    .command('withdraw')
    .description('take what was erased, or withdrawn since, out of published exports; every run begins with it')
    .action(action(async () => (await import('./commands/export-withdraw.js')).exportWithdraw))
  exports_
    .command('recipients <id>')
    .description('whom an export was given to: an erasure names them')
    .option('--add <name>', 'note one more')
    .option('--note <text>', 'of the one added')
    .action(action(async () => (await import('./commands/export-withdraw.js')).exportRecipients))
  exports_
    .command('resample <export>')
    .description("a new set with an export's pairs whose rejected sides the model in training says now (on-policy)")
    .requiredOption('--endpoint <url>', 'OpenAI-compatible API, such as http://127.0.0.1:8000/v1')
    .option('--model <name>', 'default: the one that the endpoint serves')
    .option('--out <folder>', 'new folder (default: here, named by export and sampling; the same command goes on)')
    .option('--limit <pairs>', 'the first pairs only')
    .option('--concurrency <requests>', 'at once', '8')
    .option('--temperature <number>', 'of the samples', '1')
    .option('--top-p <number>', "of the samples (default: the endpoint's)")
    .option('--max-tokens <tokens>', "of an answer; what is cut off leaves (default: the endpoint's)")
    .option('--timeout <seconds>', 'of one request', '120')
    .option('--retries <count>', 'of one request, with growing pauses or as long as Retry-After says', '6')
    .option(
      '--api-key-env <name>',
      'variable that holds the key (default: OPENAI_API_KEY for api.openai.com, else none)',
    )
    .action(action(async () => (await import('./commands/export-resample.js')).exportResample))
  exports_
    .command('validate <path>')
    .description('check a file or folder (JSONL, JSON, Parquet) as its trainer would load it; 1 where a row is lost')
    .option(
      '--target <target>',
      'loader: trl, trl-messages, trl-prompts, openai, tinker, axolotl, llama-factory, nemo-rl, verifiers, hub, evaluation',
      'trl',
    )
    .option('--first <problems>', 'problems to list; all are counted', '20')
    .action(action(async () => (await import('./commands/export-validate.js')).exportValidate))

  const recipe = program.command('recipe').description('recipes that the server stores, with every version')
  recipe
    .command('put <name> [file]')
    .description('store a recipe, or its next version (default: flywheel.recipe.* of this folder)')
    .action(action(async () => (await import('./commands/recipe.js')).recipePut))
  recipe
    .command('list')
    .description('stored recipes, by name')
    .action(action(async () => (await import('./commands/recipe.js')).recipeList))
  recipe
    .command('show <name>')
    .description('a recipe and its versions')
    .option('--hash <hash>', 'a version, or how its hash begins (default: the latest)')
    .action(action(async () => (await import('./commands/recipe.js')).recipeShow))
  recipe
    .command('delete <name>')
    .description('take a recipe out of force; its versions and the exports made by it stay')
    .action(action(async () => (await import('./commands/recipe.js')).recipeDelete))

  const keys = program.command('keys').description('API keys')
  keys
    .command('create')
    .description('make a key and print it once')
    .option('--public', 'for browsers: appends feedback, never reads')
    .option('--name <name>', 'what it is for', '')
    .option(
      '--scope <scope...>',
      'read, sql:read, export:run, ingest:write, feedback:write, review:write, admin, server',
    )
    .option('--origin <origin...>', 'browser origins of a public key')
    .action(action(async () => (await import('./commands/keys.js')).keysCreate))
  keys
    .command('list')
    .description('keys, without their secrets')
    .action(action(async () => (await import('./commands/keys.js')).keysList))
  keys
    .command('revoke <id>')
    .description('end a key and every ticket that it signed, for good')
    .action(action(async () => (await import('./commands/keys.js')).keysRevoke))

  const consent = program.command('consent').description('consent')
  consent
    .command('declare')
    .description("declare the project's consent for a purpose; users' and sessions' withdrawals stay in force")
    .addOption(new Option('--purpose <purpose>', 'purpose').choices(['evaluate', 'train', 'license']).default('train'))
    .option('--basis <text>', 'why this is so, such as "terms of service, section 4"')
    .option('--applies-from <time>', 'rows at or after it: RFC 3339 or an age (default: now)')
    .option('--withdraw', 'take the consent back: blocks every row, older and newer')
    .action(action(async () => (await import('./commands/consent.js')).consentDeclare))

  program
    .command('erase')
    .description('erase a person or a session: hidden at once, then deleted from store, log and exports')
    .option('--user <id>', 'the user, as events name them')
    .option('--session <id>', 'the session')
    .option('--reason <text>', 'kept with the erasure: a ticket number, not a name')
    .option('--yes', 'do not ask')
    .option('--wait', 'until it is final, or waits for the retention of Kafka')
    .action(action(async () => (await import('./commands/erase.js')).erase))
  program
    .command('erasure <id>')
    .description('the receipt of an erasure: how far it is, what was deleted, what it does not reach')
    .action(action(async () => (await import('./commands/erase.js')).showErasure))

  program
    .command('accounting')
    .description('created, accepted, stored, dead: the sums, checked against receipts; exit 5 where they do not add up')
    .option('--since <time>', 'by receipt: RFC 3339, or an age: 30m, 24h, 7d')
    .option('--until <time>', 'RFC 3339 or an age')
    .action(action(async () => (await import('./commands/accounting.js')).accounting))

  const letters = program.command('dead-letters').description('accepted events that could not be stored')
  letters
    .command('list')
    .description('dead letters, newest first')
    .addOption(new Option('--state <state>', 'default: every one').choices(['open', 'replayed', 'stored']))
    .option('--code <code>', 'the reason')
    .option('--event <id>', 'letters of one event')
    .option('--since <time>', 'received at or after: RFC 3339, or an age: 30m, 24h, 7d')
    .option('--until <time>', 'received before: RFC 3339 or an age')
    .option('--limit <rows>', 'most rows', '100')
    .option('--cursor <cursor>', 'where the page before ended')
    .action(action(async () => (await import('./commands/dead-letters.js')).deadLettersList))
  letters
    .command('show <id>')
    .description('one with its bytes')
    .action(action(async () => (await import('./commands/dead-letters.js')).deadLettersShow))
  letters
    .command('replay [ids...]')
    .description('send letters through the log once more: these, or the open ones that a reason or a time selects')
    .option('--code <code>', 'the reason')
    .option('--since <time>', 'received at or after: RFC 3339 or an age')
    .option('--until <time>', 'received before: RFC 3339 or an age')
    .option('--all', 'every open one')
    .option('--again', 'those that were replayed and are not stored, in place of the open ones')
    .option('--dry-run', 'say what would be done')
    .option('--limit <letters>', 'most letters', '1000')
    .option('--with <file>', 'the mended line of the one letter named; - reads stdin')
    .action(action(async () => (await import('./commands/dead-letters.js')).deadLettersReplay))

  program
    .command('backup <folder>')
    .description('back the running server up into a new folder on its machine: events, log, keys, exports, secret')
    .action(action(async () => (await import('./commands/backup.js')).backup))

  program
    .command('restore <folder>')
    .description('make a data folder (--data-dir, absent or empty) out of a backup; then flywheel up starts it')
    .action(action(async () => (await import('./commands/restore.js')).restore))

  program
    .command('doctor')
    .description('check this machine and the server')
    .action(action(async () => (await import('./commands/doctor.js')).doctor))

  const onInterrupt = () => interrupt.abort(new CliError(EXIT.interrupted, 'Interrupted.'))
  process.once('SIGINT', onInterrupt)
  try {
    for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)]) {
      command.exitOverride()
    }
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (interrupt.signal.aborted) return EXIT.interrupted
    const failure = describeFailure(error)
    process.stderr.write(`${failure.message}\n`)
    return failure.exitCode
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

function formatOf(flags: GlobalFlags, command: Command): Format | undefined {
  if (flags.json === true) return 'json'
  const format = OUTPUT_FORMATS.find((each) => each === flags.format)
  if (format !== undefined || flags.format === undefined) return format
  // There the option may name a target, whose files say what the format is.
  if (command.name() === 'run' && command.parent?.name() === 'export') return undefined
  throw new CliError(EXIT.usage, `--format is one of ${OUTPUT_FORMATS.join(', ')}, not "${flags.format}"`)
}
