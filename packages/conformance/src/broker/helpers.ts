import assert from 'node:assert/strict';
import type { Broker, Draft, LogPage, PublishOptions, PublishOutcome } from '@thrum/core';
import type { Position, Publication } from '@thrum/protocol';
import { EventQueue } from '@thrum/testkit';

export const hour = 3_600_000;

/** Kept long and in numbers. */
export const kept: PublishOptions = { retention: { size: 1000, ttl: hour } };

/** A message with this data. */
export function draft(data: unknown, more: Partial<Draft> = {}): Draft {
  return { channel: 'c', event: 'message', data, from: 'alice', timestamp: 1_795_300_000_000, ...more };
}

/** Options that make a repeat recognisable. */
export function keyed(key: string, fingerprint: string, ttl: number = hour): PublishOptions {
  return { ...kept, idempotency: { key, fingerprint, ttl } };
}

/** The same for a publication that follows the one with another key. */
export function following(follows: string, key: string, fingerprint: string = 'f'): PublishOptions {
  return { ...kept, idempotency: { key, fingerprint, ttl: hour, follows } };
}

/** Publishes the numbers from 1 to `count`, without waiting in between; the positions in their order. */
export async function publishMany(
  broker: Broker,
  count: number,
  options: PublishOptions = kept,
  channel = 'c',
): Promise<Position[]> {
  const all = Array.from({ length: count }, (_, index) =>
    broker.publish(channel, draft(index + 1, { channel }), options),
  );
  return (await Promise.all(all)).map(positionOf);
}

export function positionOf(outcome: PublishOutcome): Position {
  assert.ok('position' in outcome && outcome.position !== undefined, JSON.stringify(outcome));
  return outcome.position;
}

export function dataOf(publications: readonly Publication[]): unknown[] {
  return publications.map(({ data }) => data);
}

/** Everything that is kept. */
export function readAll(broker: Broker, channel = 'c'): Promise<LogPage> {
  return broker.read(channel, { limit: 10_000 });
}

/** Subscribes with a queue that misses nothing. */
export async function listen(
  broker: Broker,
  channel = 'c',
): Promise<{ readonly queue: EventQueue<Publication>; readonly stop: () => void }> {
  const queue = new EventQueue<Publication>();
  const stop = await broker.subscribe(channel, (publication) => queue.push(publication));
  return { queue, stop };
}

/** The next publications that were notified. */
export async function take(queue: EventQueue<Publication>, count: number): Promise<Publication[]> {
  const taken: Publication[] = [];
  while (taken.length < count) taken.push(await queue.next(() => true));
  return taken;
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
