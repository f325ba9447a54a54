import {
  type Auth,
  type Duration,
  type Identity,
  type MaybePromise,
  ThrumError,
  toMilliseconds,
} from '@thrum/core';
import {
  type CryptoKey,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
} from 'jose';
import { createJwks, type Jwks, type JwksOptions } from './jwks.ts';
import { type PublicKeyInput, publicKeys, secretKeys, type VerificationKey } from './keys.ts';
import { TokenError, type TokenProblem } from './token-error.ts';
import { userIdOf } from './user-id.ts';

/** How {@link createTokenAuth} decides. At least one of `secret`, `publicKey` and `jwksUrl` is needed. */
export interface TokenAuthOptions {
  /** HS256 secrets; while rotating, the new one first. At least 32 bytes each in production. */
  readonly secret?: string | readonly string[];
  /** RS256, ES256 or EdDSA public keys, each PEM text or a JWK. */
  readonly publicKey?: PublicKeyInput | readonly PublicKeyInput[];
  /** Where the issuer publishes its keys; https outside this machine. The only URL that is ever asked. */
  readonly jwksUrl?: string | URL;
  readonly jwks?: JwksOptions;
  /** Algorithms accepted for keys from `jwksUrl`. Default RS256, ES256, EdDSA. */
  readonly jwksAlgorithms?: readonly string[];
  /** What `iss` must be. Default: anything. */
  readonly issuer?: string | readonly string[];
  /** What `aud` must contain. Default: anything. */
  readonly audience?: string | readonly string[];
  /** How far clocks may differ. Default 5 s. */
  readonly clockTolerance?: Duration;
  /** The claim with the user's id. Default `sub`, else `userId`. */
  readonly userClaim?: string;
  /** Whether connections without a token may stay. Default false. */
  readonly anonymous?: boolean;
  /** Asked every `validateSeconds` whether a session is still good; false ends it. */
  readonly validateSession?: (identity: Identity) => MaybePromise<boolean>;
  /** Demands long secrets. Default: whether NODE_ENV is `production`. */
  readonly production?: boolean;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

const maxTokenLength = 8192;
const publicAlgorithms = new Set([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]);

interface Verifier {
  readonly keys: readonly VerificationKey[];
  readonly jwks: Jwks | undefined;
  readonly jwksAlgorithms: ReadonlySet<string>;
  readonly issuer: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
  readonly toleranceSeconds: number;
  readonly now: () => number;
}

/**
 * Authentication by JSON Web Tokens (RFC 7519, hardened after RFC 8725): each key works with its own algorithm only,
 * and nothing in a token is believed, or followed to the network, before its signature was checked.
 * @throws TypeError saying which option is wrong; never with a secret in it.
 */
export function createTokenAuth(options: TokenAuthOptions): Auth {
  const verifier = createVerifier(options);
  const { anonymous = false, userClaim, validateSession } = options;
  return {
    anonymous,
    async authenticate(token) {
      const payload = await verify(verifier, token);
      const userId = userIdOf(payload, userClaim);
      return { userId, claims: payload, ...expiry(payload, verifier.toleranceSeconds) };
    },
    ...(validateSession === undefined ? {} : { validate: validateSession }),
  };
}

function createVerifier(options: TokenAuthOptions): Verifier {
  const {
    secret,
    publicKey,
    jwksUrl,
    jwksAlgorithms = ['RS256', 'ES256', 'EdDSA'],
    now = Date.now,
  } = options;
  const production = options.production ?? process.env['NODE_ENV'] === 'production';
  const keys = [
    ...secretKeys(list(secret), production),
    ...list(publicKey).flatMap((input) => publicKeys(input)),
  ];
  const jwks = jwksUrl === undefined ? undefined : createJwks(jwksUrl, options.jwks, now);
  if (keys.length === 0 && jwks === undefined) {
    throw new TypeError('createTokenAuth needs one of secret, publicKey and jwksUrl, got none of them');
  }
  const foreign = jwksAlgorithms.find((name) => !publicAlgorithms.has(name));
  if (foreign !== undefined) throw new TypeError(`jwksAlgorithms: ${foreign} is not a public-key algorithm`);
  return {
    keys,
    jwks,
    jwksAlgorithms: new Set(jwksAlgorithms),
    issuer: optional(options.issuer),
    audience: optional(options.audience),
    toleranceSeconds: toMilliseconds(options.clockTolerance ?? '5s') / 1000,
    now,
  };
}

function list<T>(value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function optional(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : list(value);
}

async function verify(verifier: Verifier, token: string): Promise<JWTPayload> {
  try {
    const header = readHeader(token);
    for (const key of localKeys(verifier.keys, header)) {
      const payload = await tryKey(verifier, token, key, header.alg);
      if (payload !== undefined) return payload;
    }
    return await verifyRemotely(verifier, token, header);
  } catch (error) {
    if (error instanceof TokenError || error instanceof ThrumError) throw error;
    // jose's errors carry the payload: they stay here.
    throw new TokenError(problemOf(error));
  }
}

/** Checks what can be checked without a key. */
function readHeader(token: string): JWTHeaderParameters {
  if (token.length > maxTokenLength) throw new TokenError('the token is longer than 8 KiB');
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw new TokenError('it is not a compact JWT');
  const { alg, crit, b64, jku, x5u, jwk, typ, ...rest } = decodeProtectedHeader(token) as JWTHeaderParameters;
  if (typeof alg !== 'string') throw new TokenError('it is not a compact JWT');
  if (crit !== undefined || b64 !== undefined) {
    throw new TokenError('its header asks for an extension that is not supported');
  }
  if (jku !== undefined || x5u !== undefined || jwk !== undefined) {
    throw new TokenError('its header brings its own key');
  }
  // Logout, DPoP and event tokens of the same issuer are signed with the same key (RFC 8725 §3.11).
  if (typ !== undefined && !/^(application\/)?(at\+)?jwt$/i.test(String(typ))) {
    throw new TokenError('its type is not that of an access token');
  }
  return { ...rest, alg };
}

function localKeys(
  keys: readonly VerificationKey[],
  header: JWTHeaderParameters,
): readonly VerificationKey['key'][] {
  const fitting = keys.filter(({ algorithms }) => algorithms.includes(header.alg));
  const named = fitting.filter(({ kid }) => kid !== undefined && kid === header.kid);
  return (named.length > 0 ? named : fitting).map(({ key }) => key);
}

async function verifyRemotely(
  verifier: Verifier,
  token: string,
  header: JWTHeaderParameters,
): Promise<JWTPayload> {
  const { jwks, jwksAlgorithms, issuer, keys } = verifier;
  const known = keys.some(({ algorithms }) => algorithms.includes(header.alg));
  if (jwks === undefined || !jwksAlgorithms.has(header.alg)) {
    throw new TokenError(known ? 'its signature does not fit' : 'no key is configured for its algorithm');
  }
  // An unverified claim may only ever refuse: tokens of others must not reach the key server.
  if (issuer !== undefined && !issuer.includes(String(decodeJwt(token).iss))) {
    throw new TokenError('its issuer is not the configured one');
  }
  const found = await jwks.find(header);
  for (const key of found) {
    const payload = await tryKey(verifier, token, key, header.alg);
    if (payload !== undefined) return payload;
  }
  throw new TokenError(found.length > 0 ? 'its signature does not fit' : 'no configured key fits it');
}

/** The payload, or undefined when the signature is not this key's. */
async function tryKey(
  verifier: Verifier,
  token: string,
  key: VerificationKey['key'] | CryptoKey,
  algorithm: string,
): Promise<JWTPayload | undefined> {
  const { issuer, audience, toleranceSeconds, now } = verifier;
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      clockTolerance: toleranceSeconds,
      currentDate: new Date(now()),
      ...(issuer === undefined ? {} : { issuer: [...issuer] }),
      ...(audience === undefined ? {} : { audience: [...audience] }),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return undefined;
    throw error;
  }
}

/** `exp` is a NumericDate (RFC 7519 §2); JSON's 1e999 reads as Infinity and would never expire. */
function expiry({ exp }: JWTPayload, toleranceSeconds: number): { readonly expiresAt?: number } {
  if (exp === undefined) return {};
  const expiresAt = Math.floor((exp + toleranceSeconds) * 1000);
  if (!Number.isSafeInteger(expiresAt)) throw new TokenError('a claim has the wrong type');
  return { expiresAt };
}

function problemOf(error: unknown): TokenProblem {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'it cannot be read';
  if (error.reason === 'missing') return 'a required claim is missing';
  if (error.reason === 'invalid') return 'a claim has the wrong type';
  if (error.claim === 'iss') return 'its issuer is not the configured one';
  if (error.claim === 'aud') return 'its audience is not the configured one';
  return error.claim === 'nbf' ? 'it is not valid yet' : 'a claim has the wrong type';
}
