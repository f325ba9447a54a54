import { type Duration, toMilliseconds } from './duration.ts';
import { ThrumError } from './errors.ts';
import { fingerprint } from './fingerprint.ts';
import { type Once, once } from './once.ts';
import type { MaybePromise } from './types.ts';

export interface IdempotentOptions {
  /** How long a result is remembered. Default `24h`. */
  readonly ttl?: Duration;
}

/** What is kept of a handler that ran. */
interface Outcome {
  readonly fingerprint: string;
  /** Absent where the handler returned nothing. */
  readonly result?: unknown;
}

/** A context or message that the core made: the last argument of a method's handler or of the `message` hook. */
interface Marked {
  readonly [once]?: Once;
}

const namespace = 'results';

/**
 * Makes a method's handler, or a `message` hook, run once per frame id: its result is stored by user, method or channel, and
 * `id`, and a repeat gets that result without running it (PROTOCOL.md §14, "An ack is lost", for work instead of messages).
 *
 * ```ts
 * method({ params, handler: idempotent((transfer, { user }, key) => bank.transfer(key, user.id, transfer)) })
 * hooks: { message: idempotent((message, key) => moderate(message, key)) }
 * ```
 *
 * - A repeat while the first still runs waits for it. Another body under the same id is `id_conflict`.
 * - A handler that throws has no result: a repeat runs it again.
 * - **Crash windows.** The result is stored after the handler is done. A server that dies (or a store that fails, then
 *   `unavailable`) *before the handler's own work took effect* loses nothing: the repeat does it. *Between that moment and
 *   the storing of the result* the work is done and not known to be: the repeat runs the handler again. To close this
 *   window, write `key`, the handler's last argument, in the transaction that does the work, under a unique index, and
 *   return what is found there. After the storing, with the answer lost, the repeat gets the stored result.
 * - Repeats that reach two nodes at once may both run, and both get the result that was stored first: the same `key`
 *   closes that.
 * - With the default store, in memory, results end with the process.
 *
 * @param handler called with the arguments of a method's handler or of the hook, and `key`: a text unique to user, place
 * and id. What it returns must be JSON.
 * @returns a handler that throws ThrumError `invalid_frame` for a frame without an `id` or with a number for one, which
 * two clients of a user would both use; `id_conflict`; `unavailable` when the store fails.
 * @throws RangeError for a `ttl` that is no duration.
 */
export function idempotent<Args extends readonly unknown[], Result>(
  handler: (...args: [...Args, key: string]) => MaybePromise<Result>,
  { ttl = '24h' }: IdempotentOptions = {},
): (...args: Args) => Promise<Result> {
  const lifetime = toMilliseconds(ttl);
  return async (...args) => {
    const scope = (args.at(-1) as Marked | undefined)?.[once];
    if (scope === undefined) throw new TypeError('idempotent: expected the context that a Thrum server made');
    const key = keyOf(scope);
    const body = fingerprint(JSON.stringify(scope.body) ?? '');
    const first = scope.running.get(key);
    if (first !== undefined) return (await same(first, body).result) as Result;
    const result = run(scope, key, body, lifetime, async () => handler(...args, key));
    scope.running.set(key, { fingerprint: body, result });
    try {
      return (await result) as Result;
    } finally {
      scope.running.delete(key);
    }
  };
}

async function run(
  { store }: Once,
  key: string,
  body: string,
  ttl: number,
  handler: () => Promise<unknown>,
): Promise<unknown> {
  const known = await stored(store.get(namespace, key));
  if (known !== undefined) return same(known.value as Outcome, body).result;
  const result = asJson(await handler());
  const outcome: Outcome = { fingerprint: body, ...(result === undefined ? {} : { result }) };
  const version = await stored(store.put(namespace, key, outcome, { ttl, expect: 'absent' }));
  if (version !== undefined) return result;
  // Another node has done it meanwhile. There is one answer, and that is the first.
  const theirs = await stored(store.get(namespace, key));
  return theirs === undefined ? result : same(theirs.value as Outcome, body).result;
}

/** The handler that ran, or runs, for this key, if it was given the same body. */
function same<Known extends { readonly fingerprint: string }>(known: Known, body: string): Known {
  if (known.fingerprint !== body) throw new ThrumError('id_conflict');
  return known;
}

function keyOf({ place, userId, id }: Once): string {
  if (typeof id !== 'string') {
    const got = id === undefined ? 'nothing' : 'a number';
    throw new ThrumError('invalid_frame', `Invalid frame: id: expected a string of its own, got ${got}`);
  }
  // As JSON, so that two different lists never make one key.
  return JSON.stringify([...place, userId, id]);
}

async function stored<T>(asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (cause) {
    throw new ThrumError('unavailable', undefined, { cause });
  }
}

/** What a repeat will get, given to the first as well. */
function asJson(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}
