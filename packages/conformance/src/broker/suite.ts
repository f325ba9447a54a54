import type { Broker } from '@thrum/core';
import { describe, it } from 'vitest';
import type { TestApi } from '../wire/options.ts';
import { idempotency } from './idempotency.ts';
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
  /** Frees what `broker` and `peer` need besides their own `close`. */
  dispose?(): Promise<void>;
}

export type MakeBroker = () => BrokerUnderTest | Promise<BrokerUnderTest>;

export interface BrokerSuiteOptions {
  readonly name: string;
  /** Whether `makeBroker` gives a `peer`. */
  readonly peers?: boolean;
  /** Default: vitest's. */
  readonly test?: TestApi;
}

/** One law of the Broker port, seen from outside. */
export interface BrokerCase {
  readonly law: number;
  readonly title: string;
  readonly peers?: boolean;
  readonly run: (under: BrokerUnderTest) => Promise<void>;
}

/** Registers the laws of core's Broker port (packages/core/src/ports/broker.ts) for one implementation. */
export function runBrokerSuite(makeBroker: MakeBroker, options: BrokerSuiteOptions): void {
  const { test = { describe, it } as TestApi, peers = false } = options;
  test.describe(`the broker: ${options.name}`, () => {
    for (const { law, title, peers: needsPeers, run } of [
      ...log,
      ...notification,
      ...idempotency,
      ...order,
      ...retention,
      ...stats,
    ]) {
      const name = `law ${law}: ${title}`;
      if (needsPeers === true && !peers) continue;
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
