import { mintToken } from '../auth/mint.ts';
import { developmentSecret } from '../auth/development-secret.ts';
import type { Config } from '../config/config.ts';
import type { Definition } from '../config/definition.ts';
import { type Loaded, requireConfig } from '../config/load.ts';
import { needsDevelopmentSecret } from '../config/to-definition.ts';
import type { ApiAccess } from './api-publish.ts';
import { CliError, exitCodes } from './failure.ts';
import type { Flags } from './flags.ts';

/** The configuration of the server on this machine. @throws ConfigError with all that is wrong. */
export function loadHere(flags: Flags): Promise<Loaded> {
  return requireConfig({ flags, env: process.env, cwd: process.cwd() });
}

export interface TokenRequest {
  readonly userId: string;
  readonly ttl: `${number}m`;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A token that a server with this configuration accepts. @throws CliError where only others can sign. */
export async function mintFor({ config, definition }: Loaded, request: TokenRequest): Promise<string> {
  const secret = await signingSecret(config, definition);
  const { jwtIssuer, jwtAudience, jwtUserClaim } = config;
  try {
    return await mintToken({
      ...request,
      secret,
      ...(jwtIssuer?.[0] === undefined ? {} : { issuer: jwtIssuer[0] }),
      ...(jwtAudience?.[0] === undefined ? {} : { audience: jwtAudience[0] }),
      ...(jwtUserClaim === undefined ? {} : { userClaim: jwtUserClaim }),
    });
  } catch (error) {
    throw new CliError((error as Error).message, exitCodes.usage, error);
  }
}

async function signingSecret(config: Config, definition: Definition): Promise<string> {
  if (definition.auth !== undefined) {
    throw new CliError(
      'no token can be made here: the configuration file brings its own auth, and only the application knows its tokens',
    );
  }
  if (config.jwtSecret !== undefined) return config.jwtSecret;
  if (needsDevelopmentSecret(config, definition)) return developmentSecret(config.dataDir);
  throw new CliError(
    'no token can be made here: only public keys are configured, and they check tokens but cannot sign them. ' +
      'Ask whoever holds the private key for a token',
  );
}

/** How a command reaches a running server. */
export interface Access {
  readonly url: string;
  readonly getToken: () => Promise<string>;
  /** Whether the token is one that was made here, with this machine's secret. */
  readonly made: boolean;
}

/** The server of `--url` or of the configuration; the token of `--token`, or one for the user `cli`. */
export async function accessTo(flags: Flags): Promise<Access> {
  const { env } = process;
  const url = textOf(flags['url']) ?? textOf(env['THRUM_URL']);
  const token = textOf(flags['token']) ?? textOf(env['THRUM_TOKEN']);
  if (url !== undefined && token !== undefined) {
    return { url: socketUrl(url, '/ws'), getToken: () => Promise.resolve(token), made: false };
  }
  const loaded = await loadHere(flags);
  const { path } = loaded.config;
  const getToken =
    token === undefined ? () => mintFor(loaded, { userId: 'cli', ttl: '10m' }) : () => Promise.resolve(token);
  // Refusals come here, not after a connection was tried.
  await getToken();
  return {
    url: socketUrl(url ?? addressHere(loaded.config), path),
    getToken,
    made: token === undefined,
  };
}

/**
 * How a command publishes as the server itself: with THRUM_API_KEY, or the key of the configuration, which is for the
 * server of the configuration alone. None where a token says who publishes.
 */
export async function apiAccessTo(flags: Flags): Promise<ApiAccess | undefined> {
  const { env } = process;
  if (textOf(flags['token']) !== undefined || textOf(env['THRUM_TOKEN']) !== undefined) return undefined;
  const url = textOf(flags['url']) ?? textOf(env['THRUM_URL']);
  if (url !== undefined) {
    const [key] = env['THRUM_API_KEY']?.split(/[\s,]+/).filter((part) => part !== '') ?? [];
    return key === undefined ? undefined : { url: httpUrl(socketUrl(url, '/ws')), key };
  }
  const { config } = await loadHere(flags);
  const [key] = config.apiKeys;
  return key === undefined ? undefined : { url: httpUrl(addressHere(config)), key };
}

/** The server that the configuration makes. */
function addressHere({ host, port, tlsCert }: Config): string {
  if (port === 0) throw new CliError('port is 0: say where the server is with --url', exitCodes.usage);
  return `${tlsCert === undefined ? 'ws' : 'wss'}://${reachable(host)}:${port}`;
}

function httpUrl(url: string): string {
  return url.replace(/^ws/, 'http');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Where a server that listens on all addresses is found from the same machine. */
function reachable(host: string): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return name.includes(':') ? `[${name}]` : name;
}

function socketUrl(text: string, path: string): string {
  const url = URL.parse(text);
  if (url === null || !/^(ws|http)s?:$/.test(url.protocol)) {
    throw new CliError(
      `--url: expected a URL such as ws://localhost:3000/ws, got ${JSON.stringify(text)}`,
      exitCodes.usage,
    );
  }
  if (url.pathname === '/') url.pathname = path;
  return url.href;
}
