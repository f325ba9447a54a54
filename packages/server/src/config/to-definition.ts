import type { Auth, ChannelDefinition, Identity } from '@thrum/core';
import type { TokenAuthOptions } from '../auth/token-auth.ts';
import type { ThrumDefinition } from '../definition.ts';
import { asksWhoConnects, usesWebhooks } from '../webhooks/options.ts';
import type { Config } from './config.ts';
import type { Definition } from './definition.ts';

/** What a development server without channels of its own offers: a chat, what `POST /notifications` publishes to, and any other name. */
const developmentChannels: Readonly<Record<string, ChannelDefinition>> = {
  'chat:{room}': { presence: true, history: { size: 200, ttl: '24h' } },
  notifications: { history: { size: 200, ttl: '24h' } },
  '{channel*}': { presence: true },
};

/** What `createThrum` is given for a standalone server. `secret` is the development secret, where one is needed. */
export async function toDefinition(
  config: Config,
  definition: Definition,
  secret: string | undefined,
): Promise<ThrumDefinition> {
  const { channels, methods, features, hooks, broker, store, log } = definition;
  return {
    mode: config.mode,
    dataDir: config.dataDir,
    limits: config.limits,
    events: config.events,
    webSocketEngine: config.webSocketEngine,
    playground: config.playground,
    compression: config.compression && {
      level: config.compressionLevel,
      threshold: config.compressionThreshold,
    },
    apiKeys: config.apiKeys,
    apiBatch: config.apiBatch,
    apiBatchBytes: config.apiBatchBytes,
    auth: authOf(config, definition, secret),
    ...(usesWebhooks(config.webhooks) ? { webhooks: config.webhooks } : {}),
    ...(isOpen(config, definition) ? await developmentDefaults() : {}),
    // The typed form of a definition is for inference; a file's channels are checked at run time.
    ...defined({ channels: channels as ThrumDefinition['channels'] }),
    ...defined({ methods, features, hooks, broker, store, log, node: config.node }),
    ...defined({ tokenCookie: config.tokenCookie, redisUrl: config.redisUrl }),
    ...(config.origins === undefined ? {} : { origins: config.origins.includes('*') ? '*' : config.origins }),
  };
}

/** Whether a development server was given no channels, and offers its own to everybody. */
export function isOpen({ mode }: Config, { channels }: Definition): boolean {
  return channels === undefined && mode === 'development';
}

/** Whether a server with this configuration checks tokens with the secret in its data folder. */
export function needsDevelopmentSecret(
  { mode, jwtSecret, jwtPublicKey, jwksUrl, webhooks }: Config,
  { auth }: Definition,
): boolean {
  const hasKeys = jwtSecret !== undefined || jwtPublicKey.length > 0 || jwksUrl !== undefined;
  return mode === 'development' && auth === undefined && !hasKeys && !asksWhoConnects(webhooks);
}

async function developmentDefaults(): Promise<Pick<ThrumDefinition, 'channels' | 'features'>> {
  const { typing } = await import('@thrum/typing/server');
  return { channels: developmentChannels as NonNullable<ThrumDefinition['channels']>, features: [typing()] };
}

function authOf(
  config: Config,
  { auth, validateSession }: Definition,
  secret: string | undefined,
): Auth | TokenAuthOptions {
  const { anonymous } = config;
  if (asksWhoConnects(config.webhooks)) return { anonymous };
  if (typeof auth === 'object') return auth;
  const validate = validateSession === undefined ? {} : { validate: validateSession };
  if (typeof auth === 'function')
    return { anonymous, authenticate: (token): Identity | Promise<Identity> => auth(token), ...validate };
  const secrets = [config.jwtSecret ?? secret, ...config.jwtPreviousSecrets].filter(
    (text) => text !== undefined,
  );
  return {
    anonymous,
    secret: secrets,
    publicKey: config.jwtPublicKey,
    production: config.mode === 'production',
    ...defined({
      jwksUrl: config.jwksUrl,
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      userClaim: config.jwtUserClaim,
      validateSession,
    }),
  };
}

/** The fields that have a value: `exactOptionalPropertyTypes` tells absent from undefined. */
function defined<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
