import { randomBytes } from 'node:crypto';
import type { Auth } from '@thrum/core';
import { createTokenAuth, type TokenAuthOptions } from './auth/token-auth.ts';
import type { ThrumDefinition } from './definition.ts';
import { asksWhoConnects } from './webhooks/options.ts';
import type { Signing } from './http/playground-token.ts';

/** How connections are authenticated, and with what the playground's tokens are signed if it may give any. */
export interface AuthChoice {
  readonly auth?: Auth;
  readonly signing?: Signing;
}

/** Reads the `auth` of a definition. @throws TypeError naming the option that is wrong. */
export function chooseAuth(
  { auth, playground = false, webhooks = {} }: ThrumDefinition,
  development: boolean,
): AuthChoice {
  if (asksWhoConnects(webhooks)) return { auth: { anonymous: anonymousOf(auth), authenticate: nobody } };
  const givesTokens = development && playground !== false;
  if (typeof auth === 'function') return { auth: { authenticate: auth } };
  if (auth === undefined) {
    if (!development) {
      throw new TypeError(
        'auth: production needs to know who connects: give a secret, keys or a function; for a public server say { anonymous: true, authenticate }',
      );
    }
    if (!givesTokens) return {};
    // The playground's visitors have names even where nothing is configured; the secret lives as long as this process.
    const secret = randomBytes(32).toString('base64url');
    return { auth: createTokenAuth({ secret, anonymous: true }), signing: { secret } };
  }
  if ('authenticate' in auth) return { auth };
  const tokens = createTokenAuth({ production: !development, ...auth });
  const { secret = [] } = auth;
  return givesTokens && secret.length > 0
    ? { auth: tokens, signing: signingOf(auth, secret) }
    : { auth: tokens };
}

/** All that `auth` may say where the connect webhook decides. */
function anonymousOf(auth: ThrumDefinition['auth']): boolean {
  if (auth === undefined) return false;
  const { anonymous = false, ...others } = auth as TokenAuthOptions;
  if (typeof auth === 'function' || 'authenticate' in auth || Object.keys(others).length > 0) {
    throw new TypeError(
      'auth: the connect webhook decides who connects; expected { anonymous } and nothing else',
    );
  }
  return anonymous;
}

/** Its place is taken by the webhook. */
function nobody(): never {
  throw new Error('no token is accepted here');
}

function signingOf({ issuer, audience, userClaim }: TokenAuthOptions, secret: Signing['secret']): Signing {
  const [iss] = typeof issuer === 'string' ? [issuer] : (issuer ?? []);
  return {
    secret,
    ...(iss === undefined ? {} : { issuer: iss }),
    ...(audience === undefined ? {} : { audience }),
    ...(userClaim === undefined ? {} : { userClaim }),
  };
}
