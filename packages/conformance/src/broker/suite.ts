import type { Broker } from '@thrum/core';
import { describe, it } from 'vitest';
import type { TestApi } from '../wire/options.ts';
import { idempotency } from './idempotency.ts';
import { interruption } from './interruption.ts';
import { log } from './log.ts';
import { notification } from './notification.ts';
import { order } from './order.ts';
import { retention } from './retention.ts';
import { stats } from './stats.ts';

/** A fresh broker for one case. */
export interface BrokerUnderTest {
  readonly broker: Broker;
  /** Another node on the same log. Absent where there can be only one: its cases are left out. */
  readonly peer?: Broker;
  /** Lets time pass for retention and idempotency keys. */
  advance(ms: number): Promise<void>;
  /** Cuts off what brings `broker` its notifications; it is to come back by itself. Absent where nothing can be cut off. */
  interrupt?(): Promise<void>;
  /** Frees what `broker` and `peer` need besides their own `close`. */
  dispose?(): Promise<void>;
}

export type MakeBroker = () => BrokerUnderTest | Promise<BrokerUnderTest>;

export interface BrokerSuiteOptions {
  readonly name: string;
  /** Whether `makeBroker` gives a `peer`. */
  readonly peers?: boolean;
  /** Whether `makeBroker` gives an `interrupt`. */
  readonly interruptible?: boolean;
  /** Default: vitest's. */
  readonly test?: TestApi;
}

/** One law of the Broker port, seen from outside. */
export interface BrokerCase {
  readonly law: number;
  readonly title: string;
  readonly peers?: boolean;
  readonly interruptible?: boolean;
  readonly run: (under: BrokerUnderTest) => Promise<void>;
}

/** Registers the laws of core's Broker port (packages/core/src/ports/broker.ts) for one implementation. */
export function runBrokerSuite(makeBroker: MakeBroker, options: BrokerSuiteOptions): void {
  const { test = { describe, it } as TestApi, peers = false, interruptible = false } = options;
  test.describe(`the broker: ${options.name}`, () => {
    for (const { law, title, peers: needsPeers, interruptible: interrupts, run } of [
      ...log,
      ...notification,
      ...idempotency,
      ...order,
      ...retention,
      ...stats,
      ...interruption,
    ]) {
      const name = `law ${law}: ${title}`;
      if ((needsPeers === true && !peers) || (interrupts === true && !interruptible)) continue;
      test.it(name, { timeout: 60_000 }, () => withBroker(makeBroker, run));
    }
  });
}

async function withBroker(makeBroker: MakeBroker, run: BrokerCase['run']): Promise<void> {
  const under = await makeBroker();
  try {
    await run(under);
  } finally {
    await under.broker.close();
    await under.peer?.close();
    await under.dispose?.();
  }
}
