import type { JWTPayload } from 'jose';
import { TokenError } from './token-error.ts';

const maxLength = 255;

/** What is wrong with a user id; control characters and lone surrogates could not become a channel name. */
export function userIdProblem(id: string): string | undefined {
  if (id.length === 0) return 'is empty';
  if (id.length > maxLength) return `is longer than ${maxLength} characters`;
  return /[\p{Cc}\p{Cs}]/u.test(id) ? 'has a control character or a lone surrogate' : undefined;
}

/**
 * The user a verified payload names: `sub` (RFC 7519 §4.1.2), else `userId`, or only the configured claim. Numbers are
 * read as the text they are written as, since many applications number their users.
 * @throws TokenError when there is none, or none that can be used.
 */
export function userIdOf(payload: JWTPayload, claim: string | undefined): string {
  const names = claim === undefined ? ['sub', 'userId'] : [claim];
  const name = names.find((name) => Object.hasOwn(payload, name));
  if (name === undefined) throw new TokenError('it names no user');
  const value = payload[name];
  const id = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== 'string') throw new TokenError('it names no user');
  if (userIdProblem(id) !== undefined)
    throw new TokenError('its user id is not 1 to 255 printable characters');
  return id;
}
