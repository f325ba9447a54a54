import type { Authentication, Core, Env } from '@thrum/core';
import type { Credentials } from '../http/credentials.ts';

/** Verifies the token of a handshake, if there is one, in bounded time. Never rejects. */
export async function authenticate(
  { core, env }: { readonly core: Core; readonly env: Env },
  { token, tooLong }: Credentials,
): Promise<Authentication | undefined> {
  // A full server answers without the work of verifying.
  if (token === undefined || core.metrics.connections >= core.limits.connections) return undefined;
  if (tooLong) return { ok: false, code: 'invalid_token' };
  const late: Authentication = { ok: false, code: 'authentication_timeout' };
  return within(env, core.limits.authSeconds * 1000, core.authenticate(token), late);
}

/** What `work` gives, or `late` when that takes longer. */
export function within<T>(env: Env, ms: number, work: Promise<T>, late: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = env.timer(ms, () => resolve(late));
    work.then(resolve, reject).finally(cancel);
  });
}
