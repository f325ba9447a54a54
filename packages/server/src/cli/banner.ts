import type { BrokerStats } from '@thrum/core';
import type { Config } from '../config/config.ts';
import type { Loaded } from '../config/load.ts';
import { isOpen, needsDevelopmentSecret } from '../config/to-definition.ts';
import type { Listening } from '../thrum-api.ts';

/** What a developer wants to know once the server listens. */
export function banner(
  { config, definition, file }: Loaded,
  { url }: Listening,
  log: BrokerStats | undefined,
): string {
  const socket = `${url.replace(/^http/, 'ws')}${config.path}`;
  const own = file === undefined ? [] : [['Config', file.path]];
  const token = needsDevelopmentSecret(config, definition) ? 'npx thrum token --user alice' : undefined;
  const rows = [
    ['Playground', config.playground ? `${url}/` : 'off (--playground)'],
    ['WebSocket', socket],
    ['Try it', `npx wscat -c ${socket}`],
    ['', '> {"type":"subscribe","channel":"chat:lobby"}'],
    ['', '> {"type":"message","channel":"chat:lobby","data":{"text":"hi"}}'],
    ['Events', `curl -N${trust(config)} ${url}/events`],
    [
      'Publish',
      `curl${trust(config)} ${url}/notifications -H 'Content-Type: application/json' -d '{"text":"hi"}'${key(config)}`,
    ],
    ['HTTP API', `${url}/openapi.json   (${needs(config)})`],
    ...(token === undefined ? [] : [['Token', `${token}   (append ?token=… to the address)`]]),
    ['Open to', who(config.anonymous, config.host)],
    [
      'Channels',
      isOpen(config, definition)
        ? 'any name; chat:{room} with presence and history'
        : Object.keys(definition.channels ?? {}).join(', '),
    ],
    [
      'Data',
      definition.broker === undefined ? `${config.dataDir}, log of ${size(log?.bytes)}` : 'its own broker',
    ],
    ...own,
  ];
  const lines = rows.map(([name = '', text = '']) => `  ${name.padEnd(11)} ${text}`);
  return ['', `  Thrum listens on ${url} in development mode`, '', ...lines, ''].join('\n');
}

function size(bytes = 0): string {
  return bytes < 1_048_576 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** What curl needs to know of a certificate that nobody signed. */
function trust({ tlsCert }: Config): string {
  return tlsCert === undefined ? '' : ` --cacert ${tlsCert}`;
}

function key({ apiKeys }: Config): string {
  return apiKeys.length === 0 ? '' : ' -H "Authorization: Bearer $THRUM_API_KEY"';
}

function needs({ apiKeys }: Config): string {
  return apiKeys.length === 0 ? 'no key on this machine; THRUM_API_KEY asks for one' : 'with an API key';
}

function who(anonymous: boolean, host: string): string {
  const everyone = anonymous ? 'everyone, without a token,' : 'everyone with a token';
  const where = /^(localhost|::1|127\.)/.test(host) ? 'on this machine' : `who reaches ${host}`;
  return `${everyone} ${where}`;
}
