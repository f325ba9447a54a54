import { createHmac } from 'node:crypto';
import type { Identity } from '@thrum/core';
import { expect } from 'vitest';
import { createTokenAuth, type TokenAuthOptions } from '../../src/auth/token-auth.ts';
import { TokenError } from '../../src/auth/token-error.ts';
import { inAnHour, now, secret } from './keys.ts';

export function authenticate(token: string, options: TokenAuthOptions = { secret }): Promise<Identity> {
  return Promise.resolve(createTokenAuth({ now: () => now, ...options }).authenticate(token));
}

/** The reason a token is refused with; and that the error gives nothing of the token away. */
export async function refusal(token: string, options?: TokenAuthOptions): Promise<string> {
  const error = await authenticate(token, options).then(
    (identity) => expect.fail(`accepted as ${identity.userId}`),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(TokenError);
  const { problem, message, cause, stack = '' } = error as TokenError;
  expect(cause).toBeUndefined();
  expect({ ...(error as object) }).toEqual({ name: 'TokenError', problem });
  for (const part of token.split('.').filter((part) => part.length > 8)) {
    expect(message + stack).not.toContain(part);
  }
  return problem;
}

export const hmac =
  (key: string) =>
  (input: string): Buffer =>
    createHmac('sha256', key).update(input).digest();
export const payload = (claims: object): string => JSON.stringify({ sub: 'ada', exp: inAnHour, ...claims });
