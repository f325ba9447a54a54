import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JWK, type JWTPayload, SignJWT } from 'jose';

export interface Pair {
  readonly algorithm: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly pem: string;
  readonly privatePem: string;
  readonly jwk: JWK;
}

function pair(
  algorithm: string,
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
): Pair {
  return {
    algorithm,
    privateKey,
    publicKey,
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    jwk: publicKey.export({ format: 'jwk' }) as JWK,
  };
}

export const rsa: Pair = pair('RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }));
export const ec: Pair = pair('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
export const ed: Pair = pair('EdDSA', generateKeyPairSync('ed25519'));
export const pairs: readonly Pair[] = [rsa, ec, ed];

export const secret = 'correct horse battery staple, twice over';
export const otherSecret = 'another secret of more than thirty-two bytes';

/** 22 November 2026, well inside every token made here. */
export const now = 1_795_300_000_000;
export const inAnHour: number = now / 1000 + 3600;

export interface Sign {
  readonly payload?: JWTPayload | Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: KeyObject | Uint8Array;
}

/** A token that is good unless it is told to be bad. */
export function sign({ payload, header, key = bytes(secret) }: Sign = {}): Promise<string> {
  return new SignJWT({ sub: 'ada', exp: inAnHour, ...payload } as JWTPayload)
    .setProtectedHeader({ alg: 'HS256', ...header })
    .sign(key);
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A token of any header and payload text, signed by `signature` over both, or with the text given. */
export function raw(
  header: unknown,
  payload: string,
  signature: string | ((input: string) => Buffer) = 'AAAA',
): string {
  const input = `${base64url(JSON.stringify(header))}.${base64url(payload)}`;
  return `${input}.${typeof signature === 'string' ? signature : signature(input).toString('base64url')}`;
}

export function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
