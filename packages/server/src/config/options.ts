import { isIP } from 'node:net';
import { channelNameError } from '@thrum/protocol';
import type { JWK } from 'jose';
import { z } from 'zod';
import { jwksUrlProblem } from '../auth/jwks.ts';
import { redisUrlProblem } from '../brokers/redis/settings.ts';
import { isCookieName } from '../http/credentials.ts';
import type { Config, EventsConfig } from './config.ts';
import { limitOptions } from './limit-options.ts';
import { webhookOptions } from './webhook-options.ts';
import { integer, kebab, oneOf, type Option, text, texts, yesOrNo } from './option.ts';

type Options = {
  readonly [Key in Exclude<keyof Config, 'events' | 'limits' | 'webhooks'>]: Option<NonNullable<Config[Key]>>;
};

/** Every option outside a group. The order is that of help and documentation. */
export const options: Options = {
  mode: oneOf(['development', 'production'], {
    default: 'development',
    otherwise: 'development; production when NODE_ENV is production',
    help: 'Development trusts this machine; production refuses unsafe settings.',
  }),
  host: text('a host name or IP address', isHost, {
    default: '127.0.0.1',
    help: 'Address to listen on; 0.0.0.0 for all of IPv4, :: for all.',
  }),
  port: integer(0, 65_535, { default: 3000, help: 'Port to listen on; 0 takes a free one.' }),
  path: text('a path such as /ws', isPath, { default: '/ws', help: 'Where WebSocket clients connect.' }),
  dataDir: text('the path of a folder', () => true, {
    default: './data',
    help: 'Folder for what the server keeps: the logs of channels, the development secret.',
  }),
  redisUrl: text(
    'a URL such as redis://127.0.0.1:6379, or rediss:// for TLS',
    (url) => redisUrlProblem(url) === undefined,
    {
      secret: true,
      otherwise: 'none: logs are in dataDir, and this server is alone',
      help: 'Redis that keeps the logs of channels for all servers that are given it (docs/redis.md).',
    },
  ),
  origins: texts('origins such as https://example.com (scheme, host and port, no path), or *', isOrigin, {
    otherwise: 'this machine in development; must be given in production',
    help: 'Web pages that may connect; * (development only) allows all.',
  }),
  anonymous: yesOrNo({
    default: (mode) => mode === 'development',
    help: 'Whether connections without a token may stay.',
  }),
  jwtSecret: text('a secret', () => true, {
    secret: true,
    otherwise: 'dev-secret in dataDir, in development',
    help: 'HS256 secret that checks tokens and mints them; at least 32 bytes in production.',
  }),
  jwtPreviousSecrets: texts('secrets', () => true, {
    secret: true,
    default: [],
    help: 'Older HS256 secrets that still check tokens while a new one is introduced.',
  }),
  jwtPublicKey: publicKeyOption(),
  jwksUrl: text(
    'an https URL without user and password (http on this machine)',
    (url) => jwksUrlProblem(url) === undefined,
    { help: 'Where the token issuer publishes its public keys.' },
  ),
  jwtIssuer: texts('issuers', () => true, { otherwise: 'any', help: 'What the iss claim must be.' }),
  jwtAudience: texts('audiences', () => true, {
    otherwise: 'any',
    help: 'What the aud claim must contain.',
  }),
  jwtUserClaim: text('the name of a claim', () => true, {
    otherwise: 'sub, else userId',
    help: 'Claim with the id of the user.',
  }),
  apiKeys: texts('keys', () => true, {
    name: 'api-key',
    secret: true,
    default: [],
    help: 'Keys for the HTTP API, several while a new one is introduced; 32 characters or more in production, where it is off without.',
  }),
  apiBatch: integer(1, 100_000, {
    default: 1000,
    unit: 'publications',
    help: 'Most publications of one batch of the HTTP API.',
  }),
  apiBatchBytes: integer(1024, 1_073_741_824, {
    default: 1_048_576,
    unit: 'bytes',
    help: 'Most bytes of one batch of the HTTP API.',
  }),
  compression: yesOrNo({
    default: false,
    help: 'Whether WebSocket messages are compressed (permessage-deflate) for clients that can.',
  }),
  compressionLevel: integer(1, 9, {
    default: 6,
    help: 'How hard to compress: 1 is fastest, 9 smallest.',
  }),
  compressionThreshold: integer(0, 1_048_576, {
    default: 1024,
    unit: 'bytes',
    help: 'Messages from so many bytes on are compressed.',
  }),
  tlsCert: text('the path of a PEM file', () => true, {
    otherwise: 'none, no TLS',
    help: 'Certificate for HTTPS with HTTP/2, read again when it changes; needs tlsKey.',
  }),
  tlsKey: text('the path of a PEM file', () => true, {
    otherwise: 'none, no TLS',
    help: 'Private key of tlsCert.',
  }),
  tokenCookie: text('the name of a cookie', isCookieName, {
    otherwise: 'none does',
    help: 'Cookie that may carry the token, for pages of the allowed origins.',
  }),
  webSocketEngine: oneOf(['thrum', 'ws'], {
    default: 'thrum',
    help: 'Who reads the frames of WebSockets: the server itself, or the library ws.',
  }),
  node: text('a name without control characters', (name) => !/\p{Cc}/u.test(name), {
    otherwise: 'none',
    help: 'Names this process to clients, in welcome.',
  }),
  playground: yesOrNo({
    default: (mode) => mode === 'development',
    help: 'Whether the page at / is served.',
  }),
  allowRemote: yesOrNo({
    default: false,
    help: 'Lets a development server listen beyond this machine, where anyone may then do everything.',
  }),
  logLevel: oneOf(['debug', 'info', 'warn', 'error', 'silent'], {
    default: 'info',
    help: 'Least severe log lines that are written.',
  }),
};

/** Options of the streams at `/events`. */
export const eventOptions: { readonly [Key in keyof EventsConfig]: Option<EventsConfig[Key]> } = {
  defaultChannels: texts('names of channels', (name) => channelNameError(name) === undefined, {
    default: ['notifications'],
    help: 'Channels of a stream at /events that names none.',
  }),
};

/** Options that are fields of an object in a file. */
export const optionGroups: Readonly<
  Record<'events' | 'limits' | 'webhooks', Readonly<Record<string, Option>>>
> = {
  events: eventOptions as Readonly<Record<string, Option>>,
  limits: limitOptions as Readonly<Record<string, Option>>,
  webhooks: webhookOptions as Readonly<Record<string, Option>>,
};

/** Every option by its key in a file, those of a group as `limits.…`. */
export const allOptions: ReadonlyMap<string, Option> = new Map<string, Option>([
  ...Object.entries(options),
  ...Object.entries(optionGroups).flatMap(([group, members]) =>
    Object.entries(members).map(([key, option]) => [`${group}.${key}`, option] as const),
  ),
]);

/** `limits.connections` → `max-connections`, `webhooks.eventsUrl` → `webhooks-events-url`. */
function nameOf(key: string, option: Option): string {
  return option.name ?? kebab(key.replace(/^limits\./, '').replace('.', '-'));
}

/** The variable of an option. */
export function variableOf(key: string, option: Option): string {
  return `THRUM_${nameOf(key, option).replaceAll('-', '_').toUpperCase()}`;
}

/** The flag of an option; secrets have none. */
export function flagOf(key: string, option: Option): string | undefined {
  return option.secret === true ? undefined : `--${nameOf(key, option)}`;
}

function publicKeyOption(): Option<readonly (string | JWK)[]> {
  const one = z.union([z.string().refine((value) => value.trim() !== ''), z.record(z.string(), z.unknown())]);
  return {
    schema: z.preprocess(
      (value) => (Array.isArray(value) ? value : [value]),
      z.array(one as unknown as z.ZodType<string | JWK>),
    ),
    expected: 'a path, or a public key in PEM or JWK form',
    fromText: (value) => [value],
    default: [],
    help: 'Public keys that check RS256, ES256 or EdDSA tokens: a path, or PEM or JWK text.',
  };
}

function isHost(host: string): boolean {
  return isIP(host) !== 0 || /^(?!-)[a-z\d-]{1,63}(\.[a-z\d-]{1,63})*$/i.test(host);
}

function isPath(path: string): boolean {
  return path !== '/' && URL.parse(path, 'http://localhost')?.pathname === path && !path.startsWith('//');
}

function isOrigin(origin: string): boolean {
  return origin === '*' || (/^https?:/.test(origin) && URL.parse(origin)?.origin === origin);
}
