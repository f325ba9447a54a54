import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { CliError, describeFailure, exitCodes } from './failure.ts';
import { endWithThePipe } from './output.ts';

interface Entry {
  readonly summary: string;
  /** Adds arguments, options and action. Loaded only for the command that runs: zod alone takes 50 ms. */
  readonly load: () => Promise<{ readonly configure: (command: Command) => void }>;
  readonly hidden?: boolean;
}

const entries: Readonly<Record<string, Entry>> = {
  start: { summary: 'Start a server', load: () => import('./commands/start.ts') },
  token: { summary: 'Make a token for a user', load: () => import('./commands/token.ts') },
  publish: {
    summary: 'Publish to a channel of a running server',
    load: () => import('./commands/publish.ts'),
  },
  tail: { summary: 'Print what is published in a channel', load: () => import('./commands/tail.ts') },
  'dev-cert': {
    summary: 'Make a certificate for HTTPS on this machine',
    load: () => import('./commands/dev-cert.ts'),
  },
  check: { summary: 'Check the configuration', load: () => import('./commands/check.ts') },
  docs: {
    summary: 'Print docs/configuration.md',
    load: () => import('./commands/docs.ts'),
    hidden: true,
  },
};

const examples = `
Examples:
  $ thrum start                                      a development server on this machine
  $ thrum token --user alice                         a token to connect with
  $ thrum tail chat:lobby                            what is published, as JSON lines
  $ thrum publish chat:lobby '{"text":"hi"}'
  $ thrum check --production                         what production would refuse

\`thrum help <command>\` says more about each command.`;

/** Runs one command line and resolves with the exit code. Never rejects. */
export async function run(args: readonly string[]): Promise<number> {
  endWithThePipe();
  const verbose = args.includes('--verbose') || Boolean(process.env['THRUM_DEBUG']);
  const program = await createProgram(args);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? exitCodes.done);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    process.stderr.write(`${describeFailure(error, verbose)}\n`);
    return error instanceof CliError ? error.exitCode : exitCodes.failed;
  }
}

async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('thrum')
    .description(
      'A real-time server: publish once, every subscriber gets it, in order, and catches up after a drop.',
    )
    .version(version(), '-V, --version', 'Print the version')
    .option('--verbose', 'Show where errors come from [THRUM_DEBUG]')
    .helpOption('-h, --help', 'Print help')
    .helpCommand('help [command]', 'Print help for a command')
    .addHelpText('after', examples)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'thrum: ')) })
    .showSuggestionAfterError()
    .exitOverride();
  const wanted = args.filter((arg) => Object.hasOwn(entries, arg))[0];
  for (const [name, { summary, load, hidden = false }] of Object.entries(entries)) {
    const command = program.command(name, { hidden }).summary(summary).description(`${summary}.`);
    if (name === wanted) (await load()).configure(command);
  }
  return program;
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(manifest) as { version: unknown }).version);
}
