import assert from 'node:assert/strict';
import { type ErrorCode, errorInfo } from '@thrum/protocol';
import { type Frame, isPublication, type RawClient } from '@thrum/testkit';

/** Whether this frame is a publication of that channel. */
export function isPublicationOf(channel: string): (frame: Frame) => boolean {
  return (frame) => isPublication(frame) && frame['channel'] === channel;
}

/** A frame has exactly these fields. */
export function same(actual: unknown, expected: unknown, what?: string): void {
  assert.deepEqual(actual, expected, what === undefined ? undefined : `${what}: ${JSON.stringify(actual)}`);
}

export function truthy(fact: boolean, what: string): void {
  assert.ok(fact, what);
}

/** An `error` frame as PROTOCOL.md §3 and §11 have it, with this code and, where given, these other fields. */
export function isError(
  frame: Frame | Readonly<Record<string, unknown>>,
  code: ErrorCode,
  fields: object = {},
): void {
  const { type, code: actual, message, retry, ...rest } = frame;
  assert.deepEqual(
    { type, code: actual, retry },
    { type: 'error', code, retry: errorInfo(code).retry },
    text(frame),
  );
  assert.ok(typeof message === 'string' && message.length > 0, `an error says something: ${text(frame)}`);
  for (const [name, value] of Object.entries(fields))
    assert.deepEqual(rest[name], value, `${name} of ${text(frame)}`);
  for (const name of Object.keys(rest)) {
    assert.ok(['after', 'channel', 'id'].includes(name), `an error has no field ${name}: ${text(frame)}`);
  }
}

/** The connection still answers. */
export async function isAlive(client: RawClient): Promise<void> {
  assert.equal((await client.ask({ type: 'ping' })).type, 'pong');
}

/** An `error` with this code comes, then the close that goes with it, and nothing in between. */
export async function closesWith(client: RawClient, code: ErrorCode): Promise<void> {
  isError(await client.next('error'), code);
  assert.deepEqual(await client.closed(), errorInfo(code).close);
  assert.deepEqual(client.frames.waiting(), [], 'nothing follows the error');
}

/** The position of a frame that must have one. */
export function position(frame: Frame | undefined): { readonly epoch: string; readonly offset: number } {
  const { epoch, offset } = (frame?.['position'] ?? {}) as Readonly<Record<string, unknown>>;
  assert.ok(typeof epoch === 'string' && epoch.length > 0, `a position has an epoch: ${text(frame)}`);
  assert.ok(
    Number.isSafeInteger(offset) && (offset as number) >= 0,
    `a position has an offset: ${text(frame)}`,
  );
  return { epoch, offset: offset as number };
}

/** These publications carry this data, their offsets run +1 from `first`, and all lie in one epoch. */
export function areInOrder(frames: readonly Frame[], first: number, data: readonly unknown[]): void {
  assert.deepEqual(
    frames.map((frame) => frame['data']),
    data,
  );
  assert.deepEqual(
    frames.map((frame) => frame['offset']),
    data.map((_, index) => first + index),
  );
  assert.ok(new Set(frames.map((frame) => frame['epoch'])).size <= 1, 'one epoch');
}

/** The whole numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function text(frame: unknown): string {
  return JSON.stringify(frame)?.slice(0, 500) ?? 'nothing';
}
