import {
  type Channel,
  type Client,
  createClient,
  type Publication,
  type Since,
  type StateInfo,
  type Status,
  ThrumError,
} from '@thrum/client';
import type { Command } from 'commander';
import { escapeControls } from '../../node/redact.ts';
import { accessTo } from '../access.ts';
import { CliError, exitCodes } from '../failure.ts';
import { addConfigFlags, type Flags } from '../flags.ts';
import { jsonLine, note, print } from '../output.ts';

const examples = `
Goes on through reconnects until it is stopped; what happens to the connection is told on stderr.

Examples:
  $ thrum tail chat:lobby
  $ thrum tail chat:lobby --since 20 --pretty
  $ thrum tail chat:lobby | jq .data.text`;

/** `thrum tail`: every publication of a channel as one JSON line. */
export function configure(command: Command): void {
  addConfigFlags(
    command
      .argument('<channel>', 'What to follow')
      .option('--since <latest|N>', 'Begin with the newest kept publication, or the newest N')
      .option('--pretty', 'One readable line instead of JSON')
      .option('--url <url>', 'Where the server is [THRUM_URL] (default: that of the configuration)')
      .option('--token <token>', 'Token to connect with [THRUM_TOKEN] (default: one for the user cli)'),
  )
    .addHelpText('after', examples)
    .action(tail);
}

async function tail(name: string, flags: Flags): Promise<void> {
  const since = readSince(flags['since']);
  const { url, getToken } = await accessTo(flags);
  using client = createClient(url, { getToken, background: true });
  const channel = client.channel(name, since === undefined ? {} : { since });
  channel.onAny((publication) =>
    print(flags['pretty'] === true ? pretty(publication) : jsonLine(publication)),
  );
  await untilEnded(client, channel, new URL(url).host);
}

/** Resolves on a signal, rejects when going on makes no sense. */
function untilEnded(client: Client, channel: Channel, host: string): Promise<void> {
  const { name } = channel;
  return new Promise((resolve, reject) => {
    client.onStateChange((state, info) => {
      if (state === 'failed' || state === 'disconnected') reject(new CliError(ended(host, info)));
      else if (state === 'connected') note(`connected to ${host}`);
      else if (state === 'reconnecting' && info.retryIn !== undefined) note(reconnecting(host, info));
    });
    channel.onStatus((status) => {
      if (status.type === 'error' || status.type === 'unsubscribed') {
        const {
          message = 'the server ended the subscription',
          code = 'unsubscribed',
          retry = false,
        } = status.error ?? {};
        // A status that did not become the channel's own was a passing one.
        if (retry || channel.status !== status.type) note(`${name}: ${message}`);
        else reject(new CliError(`${name}: ${message} (${code})`));
      } else noteStatus(name, status);
    });
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      process.once(signal, () => {
        process.exitCode = code;
        resolve();
      });
    }
  });
}

function noteStatus(name: string, { type, dropped }: Status): void {
  if (type === 'recovered') note(`${name}: back, nothing was missed`);
  if (type === 'reset') note(`${name}: back, but something may be missing`);
  if (type === 'behind') note(`${name}: too slow, ${dropped ?? 'some'} publications were left out`);
}

function reconnecting(host: string, { retryIn = 0, reason, error }: StateInfo): string {
  const why = reason || (error instanceof Error ? error.message : '');
  return `no connection to ${host}${why === '' ? '' : ` (${why})`}; trying again in ${(retryIn / 1000).toFixed(1)} s`;
}

function ended(host: string, { reason, error }: StateInfo): string {
  const said =
    error instanceof ThrumError
      ? `${error.message} (${error.code})`
      : error instanceof Error
        ? error.message
        : reason;
  return `the connection to ${host} ended: ${said || 'the server closed it'}`;
}

/** `12:01:02  #12  message  from alice  {"text":"hi"}` */
function pretty({ timestamp, offset, event, from, data }: Publication): string {
  const time = new Date(timestamp).toTimeString().slice(0, 8);
  const place = offset === undefined ? '' : `  #${offset}`;
  const sender = from === undefined ? '' : `  from ${escapeControls(from)}`;
  return `${time}${place}  ${escapeControls(event)}${sender}  ${jsonLine(data)}`;
}

function readSince(text: unknown): Since | undefined {
  if (text === undefined || text === 'latest') return text;
  const last = Number(text);
  if (/^\d{1,3}$/.test(String(text)) && last >= 1 && last <= 300) return { last };
  throw new CliError(
    `--since: expected latest or a number from 1 to 300, got ${JSON.stringify(text)}`,
    exitCodes.usage,
  );
}
