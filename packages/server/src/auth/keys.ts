import { createPublicKey, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';

/** A public key: PEM text (one or several blocks, certificates too), a JWK, or a JWK set. */
export type PublicKeyInput = string | JWK | { readonly keys: readonly JWK[] };

/** A key and the only algorithms it may ever be used with. */
export interface VerificationKey {
  readonly key: KeyObject | Uint8Array;
  readonly algorithms: readonly string[];
  readonly kid?: string;
}

/** RFC 7518 §3.2: an HS256 secret has at least as many bits as the hash. */
const minSecretBytes = 32;

const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const curveAlgorithms: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
]);
// RFC 9864 gives EdDSA over Ed25519 a name of its own; they are the same signature.
const edAlgorithms = ['EdDSA', 'Ed25519'];

/**
 * HS256 keys of shared secrets.
 * @throws TypeError for an empty secret, a public key in its place, or in production one shorter than 32 bytes.
 */
export function secretKeys(secrets: readonly string[], production: boolean): readonly VerificationKey[] {
  return secrets.map((secret) => {
    const problem = secretProblem(secret, production);
    if (problem !== undefined) throw new TypeError(`secret: ${problem}`);
    return { key: new TextEncoder().encode(secret), algorithms: ['HS256'] };
  });
}

/** What is wrong with an HS256 secret: what was expected and, without showing it, what came. */
export function secretProblem(secret: string, production: boolean): string | undefined {
  if (secret.length === 0) return 'expected a secret, got an empty string';
  if (/-----BEGIN|^\s*\{\s*"/.test(secret)) {
    return 'expected a shared secret, got a key in PEM or JWK form: public keys belong in jwtPublicKey';
  }
  const bytes = new TextEncoder().encode(secret).length;
  if (production && bytes < minSecretBytes) {
    return `expected at least ${minSecretBytes} bytes in production, got ${bytes}: make one with \`openssl rand -base64 48\``;
  }
  return undefined;
}

/**
 * The verification keys of one input, each with its algorithms fixed by its type.
 * @throws TypeError for what is no public key, and for a private one.
 */
export function publicKeys(input: PublicKeyInput): readonly VerificationKey[] {
  if (typeof input !== 'string') return jwks(input).map(jwkKey);
  const text = input.trim();
  if (text.startsWith('{')) return jwks(parseJwk(text)).map(jwkKey);
  // Environment variables often carry a PEM with its line ends spelled out.
  const blocks = text.replaceAll('\\n', '\n').match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g);
  if (blocks === null) throw new TypeError('expected a public key in PEM or JWK form, got neither');
  return blocks.map(pemKey);
}

function jwks(input: JWK | { readonly keys: readonly JWK[] }): readonly JWK[] {
  const keys: unknown = 'keys' in input ? input.keys : [input];
  if (Array.isArray(keys) && keys.length > 0) return keys as readonly JWK[];
  throw new TypeError('expected a JWK set with at least one key in "keys"');
}

function parseJwk(text: string): JWK {
  try {
    return JSON.parse(text) as JWK;
  } catch {
    throw new TypeError('expected a JWK, got text that begins with { and is not JSON');
  }
}

function pemKey(block: string): VerificationKey {
  if (block.includes('PRIVATE KEY')) throw privateKeyError();
  const key = readKey(block);
  return { key, algorithms: algorithmsOf(key) };
}

function jwkKey(jwk: JWK): VerificationKey {
  if (typeof jwk !== 'object' || jwk === null) throw new TypeError('expected a JWK object');
  if (jwk.kty === 'oct')
    throw new TypeError('expected a public key, got a symmetric one: secrets belong in jwtSecret');
  if (jwk.d !== undefined) throw privateKeyError();
  const key = readKey({ key: jwk as Record<string, unknown>, format: 'jwk' });
  return {
    key,
    algorithms: algorithmsOf(key, jwk.alg),
    ...(typeof jwk.kid === 'string' ? { kid: jwk.kid } : {}),
  };
}

function readKey(input: Parameters<typeof createPublicKey>[0]): KeyObject {
  try {
    return createPublicKey(input);
  } catch {
    // OpenSSL's own message may quote the input.
    throw new TypeError('expected a public key, got something that cannot be read as one');
  }
}

function privateKeyError(): TypeError {
  return new TypeError(
    'expected a public key, got a private one: a server that only verifies must not be able to sign',
  );
}

/**
 * The algorithms a key may be used with: one, whatever a token's header says (RFC 8725 §3.1).
 * @throws TypeError for a key type that no supported algorithm uses, or an `alg` that is not the key's.
 */
export function algorithmsOf(key: KeyObject, declared?: string): readonly string[] {
  const possible = possibleAlgorithms(key);
  if (declared === undefined) return possible === rsaAlgorithms ? ['RS256'] : possible;
  if (possible === edAlgorithms && edAlgorithms.includes(declared)) return edAlgorithms;
  if (possible.includes(declared)) return [declared];
  throw new TypeError(`expected a key for ${possible.join(', ')}, got one whose "alg" is another`);
}

function possibleAlgorithms(key: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return edAlgorithms;
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength >= 2048) return rsaAlgorithms;
    throw new TypeError(`expected an RSA key of at least 2048 bits, got ${modulusLength}`);
  }
  const byCurve = key.asymmetricKeyType === 'ec' ? curveAlgorithms.get(namedCurve) : undefined;
  if (byCurve !== undefined) return [byCurve];
  throw new TypeError(
    `expected an RSA, P-256, P-384, P-521 or Ed25519 key, got ${namedCurve || (key.asymmetricKeyType ?? 'an unknown type')}`,
  );
}
