import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type Duration, toMilliseconds } from '@thrum/core';
import { type JWK, SignJWT } from 'jose';
import { algorithmsOf, secretKeys } from './keys.ts';
import { userIdProblem } from './user-id.ts';

/** What {@link mintToken} signs, and with what: exactly one of `secret` and `key`. */
export interface MintOptions {
  /** HS256 secret; of several the first one signs. */
  readonly secret?: string | readonly string[];
  /** A private key, PEM text or JWK: RS256, ES256 or EdDSA by its type. */
  readonly key?: string | JWK;
  /** Who the token is for: its `sub`. */
  readonly userId: string;
  /** How long it is good. Default 1 h. */
  readonly ttl?: Duration;
  /** Further claims; `sub`, `iat`, `exp`, `iss` and `aud` have options of their own. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly issuer?: string;
  readonly audience?: string | readonly string[];
  /** A further claim with the user's id, for servers that read it there and not from `sub`. */
  readonly userClaim?: string;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

const ownClaims = ['sub', 'iat', 'exp', 'iss', 'aud'];

/**
 * A signed token for one user.
 * @throws TypeError saying which option is wrong; RangeError for a `ttl` that is no duration.
 */
export async function mintToken(options: MintOptions): Promise<string> {
  const { userId, ttl = '1h', claims = {}, issuer, audience, userClaim = 'sub', now = Date.now } = options;
  const problem = userIdProblem(userId);
  if (problem !== undefined) throw new TypeError(`userId ${problem}: expected 1 to 255 printable characters`);
  const taken = [...ownClaims, userClaim].find((name) => Object.hasOwn(claims, name));
  if (taken !== undefined) throw new TypeError(`claims: ${taken} is set by an option of its own`);
  const seconds = Math.floor(now() / 1000);
  const { key, algorithm, kid } = signingKey(options);
  const token = new SignJWT({ ...claims, [userClaim]: userId })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(kid === undefined ? {} : { kid }) })
    .setSubject(userId)
    .setIssuedAt(seconds)
    // Rounded up, so that even a ttl of milliseconds gives a token that was good for a moment.
    .setExpirationTime(seconds + Math.ceil(toMilliseconds(ttl) / 1000));
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience(typeof audience === 'string' ? audience : [...audience]);
  return token.sign(key);
}

interface SigningKey {
  readonly key: KeyObject | Uint8Array;
  readonly algorithm: string;
  readonly kid?: string;
}

function signingKey({ secret, key }: MintOptions): SigningKey {
  const first = typeof secret === 'string' ? secret : secret?.[0];
  if ((first === undefined) === (key === undefined)) {
    throw new TypeError('mintToken needs either a secret or a private key');
  }
  if (key !== undefined) return privateKey(key);
  const [found] = secretKeys([first ?? ''], false);
  return { key: found?.key ?? new Uint8Array(), algorithm: 'HS256' };
}

function privateKey(input: string | JWK): SigningKey {
  const { alg, kid } = typeof input === 'string' ? { alg: undefined, kid: undefined } : input;
  const key = readPrivateKey(input);
  const [algorithm = ''] = algorithmsOf(key, alg);
  return { key, algorithm, ...(kid === undefined ? {} : { kid }) };
}

function readPrivateKey(input: string | JWK): KeyObject {
  try {
    return createPrivateKey(
      typeof input === 'string' ? input : { key: input as Record<string, unknown>, format: 'jwk' },
    );
  } catch {
    throw new TypeError('key: expected a private key in PEM or JWK form, got something else');
  }
}
