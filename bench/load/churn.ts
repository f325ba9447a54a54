import { setTimeout as sleep } from 'node:timers/promises';
import type { SubscribeFrame, UnsubscribeFrame } from '@thrum/protocol';
import { channel } from '../channel.ts';
import { now } from '../payload.ts';
import type { ChurnOptions, ChurnResult, EnterOptions } from '../process/calls.ts';
import type { Fleet } from './fleet.ts';
import type { Subscriber } from './subscriber.ts';
import type { Step } from './wire.ts';

const isSubscribed = (text: string): boolean => text.startsWith('{"type":"subscribed"');
const stay: Step = {
  text: JSON.stringify({ type: 'subscribe', channel, presence: true } satisfies SubscribeFrame),
  isDone: isSubscribed,
};
const come: Step = {
  text: JSON.stringify({ type: 'subscribe', channel } satisfies SubscribeFrame),
  isDone: isSubscribed,
};
const go: Step = {
  text: JSON.stringify({ type: 'unsubscribe', channel } satisfies UnsubscribeFrame),
  isDone: (text) => text.startsWith('{"type":"unsubscribed"'),
};

/** As long as nothing has come for, everybody who stays has heard of everybody else who does. */
const quietMs = 300;

/** The first connections enter a channel with presence, and watch it from now on. */
export async function enter(fleet: Fleet, { members, deadlineMs }: EnterOptions): Promise<void> {
  const staying = fleet.subscribers.slice(0, members);
  const entered = Promise.all(staying.map((subscriber) => subscriber.take(stay)));
  await fleet.within(entered, deadlineMs, () => `${members} members`);
  await quiet(fleet);
  // None is timed: these frames carry no moment.
  fleet.tally.sampleEvery = Number.POSITIVE_INFINITY;
  for (const subscriber of staying) subscriber.count();
}

/**
 * Those who did not enter come and go, each one time after the other, until the time is up. All who stayed must have been
 * told of every coming and going.
 */
export async function runChurn(fleet: Fleet, options: ChurnOptions): Promise<ChurnResult> {
  const { members, seconds, deadlineMs } = options;
  const churning = fleet.subscribers.slice(members);
  const { tally } = fleet;
  const cpuBefore = process.cpuUsage();
  const before = tally.delivered;
  const start = now();
  const elapsed = (): number => Number(now() - start) / 1e9;
  const rounds = Promise.all(churning.map((subscriber) => churn(subscriber, () => elapsed() < seconds)));
  const counts = await fleet.within(rounds, deadlineMs, () => 'comings and goings to be answered');
  const joins = counts.reduce((sum, count) => sum + count, 0);
  const expected = before + 2 * joins * members;
  await fleet.within(
    reached(fleet, expected),
    deadlineMs,
    () => `${expected - before} notices, got ${tally.delivered - before}`,
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  const told = tally.delivered - before;
  return { joins, leaves: joins, told, seconds: elapsed(), cpu: (user + system) / 1e6 };
}

/** How often it came; it has gone as often. */
async function churn(subscriber: Subscriber, goesOn: () => boolean): Promise<number> {
  let count = 0;
  while (goesOn()) {
    await subscriber.take(come);
    await subscriber.take(go);
    count += 1;
  }
  return count;
}

async function quiet({ tally }: Fleet): Promise<void> {
  for (let bytes = -1; bytes !== tally.bytes;) {
    ({ bytes } = tally);
    await sleep(quietMs);
  }
}

async function reached({ tally }: Fleet, expected: number): Promise<void> {
  if (tally.delivered >= expected) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  tally.progress = () => {
    if (tally.delivered >= expected) resolve();
  };
  await promise;
  tally.progress = () => {};
}
