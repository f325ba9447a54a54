import type { Command } from 'commander';
import { loadHere, mintFor, type TokenRequest } from '../access.ts';
import { CliError, exitCodes } from '../failure.ts';
import { addConfigFlags, type Flags } from '../flags.ts';
import { print } from '../output.ts';

const examples = `
Signs with jwtSecret where one is configured, in development else with the secret in <dataDir>/dev-secret, which the
server on this machine accepts. Where only public keys are configured nobody here can sign.

Examples:
  $ thrum token --user alice
  $ thrum token --user alice --ttl 15m --claim role=editor --claim 'teams=["a","b"]'
  $ npx wscat -c "ws://127.0.0.1:3000/ws?token=$(thrum token --user alice)"`;

/** `thrum token`: the token and nothing else on stdout. */
export function configure(command: Command): void {
  addConfigFlags(
    command
      .requiredOption('--user <id>', 'Who the token is for')
      .option('--ttl <duration>', 'How long it is good: 90s, 15m, 12h, 7d', '1h')
      .option(
        '--claim <name=value>',
        'A further claim; the value is JSON or, where it is not, text',
        addClaim,
        {},
      ),
  )
    .addHelpText('after', examples)
    .action(makeToken);
}

async function makeToken(flags: Flags): Promise<void> {
  const loaded = await loadHere(flags);
  const { user: userId, ttl, claim: claims } = flags;
  print(await mintFor(loaded, { userId, ttl, claims } as TokenRequest));
}

function addClaim(
  text: string,
  claims: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const at = text.indexOf('=');
  if (at < 1)
    throw new CliError(`--claim: expected name=value, got ${JSON.stringify(text)}`, exitCodes.usage);
  return Object.fromEntries([...Object.entries(claims), [text.slice(0, at), jsonOrText(text.slice(at + 1))]]);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
