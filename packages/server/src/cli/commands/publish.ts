import { createClient, type StateInfo, ThrumError } from '@thrum/client';
import { type Duration, toMilliseconds } from '@thrum/core';
import type { Command } from 'commander';
import { type Access, accessTo, apiAccessTo } from '../access.ts';
import { publishByApi, type Publishing } from '../api-publish.ts';
import { CliError, exitCodes, noAnswer, noServer } from '../failure.ts';
import { addConfigFlags, type Flags } from '../flags.ts';
import { jsonLine, print } from '../output.ts';

const examples = `
With an API key (THRUM_API_KEY, or apiKeys of the configuration) and no token it publishes as the server itself, over the
HTTP API; otherwise as a user, over WebSocket. For --url only the key in THRUM_API_KEY is used.

Exit codes: 0 published · 1 refused · 2 wrong usage · 3 no server answered.

Examples:
  $ thrum publish chat:lobby '{"text":"hi"}'
  $ thrum publish chat:lobby --text "Good morning" --event notice
  $ thrum publish chat:lobby '{"n":1}' --id job-42        a repeat with the same id publishes nothing
  $ THRUM_TOKEN=… thrum publish chat:lobby '{}' --url wss://example.com/ws
  $ THRUM_API_KEY=… thrum publish user:7 '{}' --url https://example.com`;

const madeHint =
  '. The token was made with the secret configured here: where the server has another one, give --token, or its --data-dir';

/** `thrum publish`: one publication, and where it went as a JSON line. */
export function configure(command: Command): void {
  addConfigFlags(
    command
      .argument('<channel>', 'Where to publish')
      .argument('<data>', 'JSON, or with --text any text')
      .option('--text', 'Take the data as text')
      .option('--event <name>', 'Name of the event', 'message')
      .option('--id <id>', 'Idempotency key: the server publishes it once, however often it is sent')
      .option('--url <url>', 'Where the server is [THRUM_URL] (default: that of the configuration)')
      .option('--token <token>', 'Token to connect with [THRUM_TOKEN] (default: one for the user cli)')
      .option('--timeout <duration>', 'How long to wait for the answer', '10s'),
  )
    .addHelpText('after', examples)
    .action(publish);
}

async function publish(channel: string, text: string, flags: Flags): Promise<void> {
  const data = flags['text'] === true ? text : readData(text);
  const timeout = readTimeout(flags['timeout']);
  const id = typeof flags['id'] === 'string' ? { id: flags['id'] } : {};
  const event = String(flags['event']);
  const api = await apiAccessTo(flags);
  const published =
    api === undefined
      ? await publishAsUser(await accessTo(flags), { channel, event, data, timeout, ...id })
      : await publishByApi(api, { channel, event, data, timeout, ...id });
  print(jsonLine({ channel, event, ...published }));
}

async function publishAsUser(access: Access, publishing: Publishing): Promise<object> {
  const { url, getToken } = access;
  const { channel, event, data, timeout, id } = publishing;
  // One attempt: whoever runs a command wants to know now.
  using client = createClient(url, {
    getToken,
    background: true,
    maxReconnectAttempts: 0,
    connectTimeout: timeout,
  });
  let last: StateInfo | undefined;
  client.onStateChange((_, info) => {
    last = info;
  });
  try {
    const options = { timeout, ...(id === undefined ? {} : { id }) };
    return await client.channel(channel).publish(event, data, options);
  } catch (error) {
    throw failure(error, access, last);
  }
}

function readData(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const hint = `quote it for the shell ('{"text":"hi"}'), or use --text to publish it as text`;
    throw new CliError(`expected JSON as data, got ${JSON.stringify(text)}: ${hint}`, exitCodes.usage);
  }
}

function readTimeout(text: unknown): number {
  try {
    return toMilliseconds(text as Duration);
  } catch (error) {
    throw new CliError(`--timeout: ${(error as Error).message}`, exitCodes.usage);
  }
}

function failure(error: unknown, { url, made }: Access, last: StateInfo | undefined): unknown {
  if (!(error instanceof ThrumError)) return error;
  const refusal = error.code === 'disconnected' ? last?.error : error;
  const { host } = new URL(url);
  if (refusal instanceof ThrumError && refusal.code !== 'timeout' && refusal.code !== 'expired') {
    const hint = made && refusal.code === 'invalid_token' ? madeHint : '';
    return new CliError(
      `refused by ${host}: ${refusal.message} (${refusal.code})${hint}`,
      exitCodes.failed,
      error,
    );
  }
  return error.code === 'disconnected' ? noServer(host, last?.reason, error) : noAnswer(host, error);
}
