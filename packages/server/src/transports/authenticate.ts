import type { ServerResponse } from 'node:http';
import type { Authentication, Core, Env, Handshake } from '@thrum/core';
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

/** What a request brings to `core.accept`. */
export function handshakeOf(authentication: Authentication | undefined): Handshake {
  return authentication === undefined ? anonymous : { authentication };
}

const anonymous: Handshake = {};

/** What {@link admit} needs of an edge. */
export interface Admission {
  readonly core: Core;
  readonly env: Env;
  readonly ready: () => Promise<void> | undefined;
}

/**
 * Waits until the core has started and a request's token is verified; `undefined` when nobody is left to be answered, for
 * nobody would hear the end of a response that is over already.
 */
export async function admit(
  edge: Admission,
  response: ServerResponse,
  credentials: Credentials,
): Promise<Handshake | undefined> {
  let isGone = false;
  response.once('close', () => {
    isGone = true;
  });
  await edge.ready();
  const authentication = await authenticate(edge, credentials);
  return isGone ? undefined : handshakeOf(authentication);
}

/** What `work` gives, or `late` when that takes longer. */
export function within<T>(env: Env, ms: number, work: Promise<T>, late: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = env.timer(ms, () => resolve(late));
    work.then(resolve, reject).finally(cancel);
  });
}
