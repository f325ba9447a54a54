import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TestClient } from './support/client.ts';
import { checkAsync, runs } from './support/random.ts';
import { type Position, type Recovery, StreamChecker } from './support/stream-checker.ts';
import { createWorld, type World } from './support/world.ts';

const size = 6;
const page = 5;
const clients = 3;

type Step =
  | { readonly do: 'connect' | 'subscribe' | 'resume' | 'old' | 'unsubscribe' | 'drop'; readonly who: number }
  | { readonly do: 'publish'; readonly who: number; readonly id: number }
  | {
      readonly do:
        | 'server publish'
        | 'wipe'
        | 'expire'
        | 'settle'
        | 'turn'
        | 'late'
        | 'on time'
        | 'hold'
        | 'release';
    }
  | { readonly do: 'lose'; readonly losing: boolean }
  | { readonly do: 'fail'; readonly reads: number };

const who = fc.nat(clients - 1);
const aboutClients: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('connect', 'subscribe', 'resume', 'resume', 'old', 'old', 'unsubscribe', 'drop'),
  who,
});
const publishing: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('publish' as const), who, id: fc.nat(20) }),
  fc.record({ do: fc.constantFrom('server publish' as const) }),
);
const calm: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: aboutClients },
  { weight: 8, arbitrary: publishing },
  // More often than in life: with one in seventeen, one seed in thirty met no refusal.
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('wipe' as const, 'wipe' as const, 'expire' as const) }),
  },
);
const stormy: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: calm },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('settle', 'turn', 'turn', 'turn', 'late', 'on time', 'hold', 'release'),
    }) as fc.Arbitrary<Step>,
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), losing: fc.boolean() }) },
  // In an ordinary life they are rare; without them here, one seed in ten met no reset.
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wipe' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), reads: fc.nat(2) }) },
  // Beside those of a calm network: without them one run in twenty never meets a reset.
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wipe' as const) }) },
);

/** One of a few clients that come and go, with what it remembers across its connections. */
interface Slot {
  client: TestClient | undefined;
  checker: StreamChecker | undefined;
  /** Every position it ever stood at. */
  readonly known: Position[];
}

class Model {
  readonly world: World = createWorld({
    channels: { a: { history: { size, ttl: '1m' } } },
    limits: { historyPage: page, rate: 10_000 },
  });
  readonly slots: Slot[] = Array.from({ length: clients }, () => ({
    client: undefined,
    checker: undefined,
    known: [],
  }));
  readonly checkers: StreamChecker[] = [];
  readonly recoveries: Recovery[] = [];
  readonly acks: { readonly key: string; readonly position: Position }[] = [];
  private readonly seen: { readonly client: TestClient; readonly name: string }[] = [];
  private count = 0;
  private notify = (): void => {};
  private release = (): void => {};

  async run(step: Step): Promise<void> {
    const { broker } = this.world;
    if ('who' in step) this.act(step);
    else if (step.do === 'server publish')
      void this.world.publish('a', (this.count += 1)).catch(() => undefined);
    else if (step.do === 'wipe') await broker.wipe();
    else if (step.do === 'expire') await this.world.advance(61_000);
    else if (step.do === 'settle') await this.world.settle();
    else if (step.do === 'turn') await Promise.resolve();
    else if (step.do === 'late') this.notify = broker.delay();
    else if (step.do === 'on time') this.notify();
    else if (step.do === 'hold') this.hold();
    else if (step.do === 'release') this.release();
    else if (step.do === 'lose') broker.loses = () => step.losing;
    else if (step.do === 'fail') broker.failingReads = step.reads;
    this.look();
  }

  /** Every fault ends; then one more publication shows everyone where the top is. */
  async heal(): Promise<void> {
    const { broker } = this.world;
    broker.loses = () => false;
    broker.failingReads = 0;
    this.release();
    this.notify();
    await this.world.advance(1000);
    await this.world.publish('a', -1);
    await this.world.advance(1000);
    this.look();
  }

  /** Reads every connection's new frames. */
  look(): void {
    for (const checker of this.checkers) checker.check();
    for (const { checker, known } of this.slots) if (checker?.position) known.push(checker.position);
  }

  /** Nothing acknowledged is lost, nothing is seen twice, out of order, with a hole or with another's content. */
  verify(): void {
    for (const checker of this.checkers) {
      checker.compare();
      expect(checker.problems).toEqual([]);
    }
    this.checkAcks();
  }

  /** Invariants 1 and 2: every acknowledged publication is in the log, once, where its ack said. */
  private checkAcks(): void {
    for (const { client, name } of this.seen) {
      for (const { id, position } of client.all('ack')) {
        this.acks.push({ key: `${name}\u0000${String(id)}`, position: position as Position });
      }
    }
    const log = new Map(
      this.world.broker.appended.map((each) => [`${each.epoch}:${each.offset}`, each.draft]),
    );
    expect(log.size).toBe(this.world.broker.appended.length);
    for (const { key, position } of this.acks) {
      const draft = log.get(`${position.epoch}:${position.offset}`);
      expect(`${String(draft?.from)}\u0000${String(draft?.id)}`).toBe(key);
    }
    const keys = this.world.broker.appended.flatMap(({ draft, epoch }) =>
      draft.id === undefined ? [] : [`${epoch} ${String(draft.from)} ${draft.id}`],
    );
    expect(new Set(keys).size, 'a repeat within one life of the log is never published again').toBe(
      keys.length,
    );
  }

  /** Whether the log, as it is now, reaches back to a position. */
  reaches({ epoch, offset }: Position): boolean {
    const log = this.world.broker.appended.filter((each) => each.epoch === this.epoch);
    const top = log.at(-1)?.offset ?? 0;
    return epoch === this.epoch && offset <= top && top - offset <= Math.min(size, page);
  }

  private get epoch(): string | undefined {
    return this.world.broker.appended.at(-1)?.epoch;
  }

  private hold(): void {
    this.release();
    this.release = this.world.broker.hold();
  }

  private act(step: Extract<Step, { readonly who: number }>): void {
    const slot = this.slots[step.who] as Slot;
    const { client, checker, known } = slot;
    if (step.do === 'connect') this.connect(slot, `u${step.who}`);
    else if (client === undefined || checker === undefined) return;
    else if (step.do === 'publish') {
      // The same id always has the same body, so that it is never a conflict.
      client.send({ type: 'message', channel: 'a', data: { id: step.id }, id: `m-${step.id}` });
    } else if (step.do === 'subscribe') checker.subscribe(`s-${(this.count += 1)}`, undefined);
    else if (step.do === 'resume') checker.subscribe(`s-${(this.count += 1)}`, known.at(-1));
    else if (step.do === 'old')
      checker.subscribe(`s-${(this.count += 1)}`, known[Math.floor(known.length / 2)]);
    else if (step.do === 'unsubscribe') client.send({ type: 'unsubscribe', channel: 'a' });
    else {
      client.drop();
      this.look();
      slot.client = undefined;
      slot.checker = undefined;
    }
  }

  private connect(slot: Slot, name: string): void {
    slot.client?.drop();
    slot.client = this.world.connect(name);
    slot.checker = new StreamChecker(slot.client, this.world.broker.appended, this.recoveries);
    this.seen.push({ client: slot.client, name });
    this.checkers.push(slot.checker);
  }
}

describe('recovery', { timeout: 60_000 }, () => {
  it('is exact in a calm network: true when the log reaches back, false when it does not, and never partial', async () => {
    let recovered = 0;
    let refused = 0;
    await checkAsync(
      fc.array(calm, { minLength: 20, maxLength: 60 }),
      async (steps) => {
        const model = new Model();
        await model.world.publish('a', 0);
        for (const step of steps) {
          model.recoveries.length = 0;
          await model.run(step);
          await model.world.settle();
          model.look();
          if (step.do === 'expire') return;
          if (step.do === 'wipe') await model.world.publish('a', 0);
          for (const { since, recovered: is } of model.recoveries) {
            if (is) recovered += 1;
            else refused += 1;
            expect(is, JSON.stringify(since)).toBe(model.reaches(since));
          }
        }
        await model.heal();
        model.verify();
      },
      runs,
    );
    // A property that never met the interesting case has shown nothing.
    expect(recovered).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });

  it('holds its promise in a storm of lost, late and failing calls, and everyone reaches the top after it', async () => {
    let healed = 0;
    let resets = 0;
    await checkAsync(
      fc.array(stormy, { minLength: 20, maxLength: 80 }),
      async (steps) => {
        const model = new Model();
        for (const step of steps) await model.run(step);
        await model.heal();
        model.verify();
        const top = model.world.broker.appended.at(-1);
        for (const { checker } of model.slots) {
          if (checker?.position === undefined) continue;
          expect(checker.position).toEqual({ epoch: top?.epoch, offset: top?.offset });
        }
        healed += model.world.core.metrics.healed;
        resets += model.world.core.metrics.resets;
        for (const { client } of model.slots) client?.drop();
        await model.world.settle();
        expect(model.world.core.channels()).toEqual([]);
        expect(model.world.core.metrics).toMatchObject({ connections: 0, subscriptions: 0, channels: 0 });
        expect(model.world.broker.subscribers).toBe(0);
      },
      runs * 3,
    );
    expect(healed).toBeGreaterThan(0);
    expect(resets).toBeGreaterThan(0);
  });
});
