import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, TestClient } from './support/client.ts';
import { checkAsync } from './support/random.ts';
import { createWorld, type World } from './support/world.ts';

const channels = ['kept', 'fleeting'] as const;
type Name = (typeof channels)[number];
/** Asked for, and milliseconds between two batches; the channels have 100. */
const rates = [
  { maxRate: undefined, every: 100 },
  { maxRate: 7, every: 200 },
  { maxRate: 2, every: 500 },
] as const;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      channel: fc.constantFrom(...channels),
      key: fc.integer({ min: 0, max: 3 }),
      times: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ wait: fc.constantFrom(1, 9, 40, 99, 100, 101, 333) }) },
  { weight: 1, arbitrary: fc.constantFrom('join', 'leave') },
);

interface Published {
  readonly at: number;
  readonly key: number;
  readonly n: number;
}

/** One subscriber of one channel at one rate, and when each of its publications came. */
class Reader {
  readonly problems: string[] = [];
  readonly got: { readonly frame: Frame; readonly at: number }[] = [];
  readonly client: TestClient;
  readonly first: number;
  readonly every: number;
  leftAt = Infinity;
  /** The number of the last that is for it. */
  until = Infinity;
  private read: number;
  private last: number;

  /** @param first the number of the first publication that is for it */
  constructor(client: TestClient, every: number, first: number) {
    this.client = client;
    this.every = every;
    this.first = first;
    this.last = first - 1;
    this.read = client.frames.length;
  }

  look(now: number): void {
    for (; this.read < this.client.frames.length; this.read += 1) {
      const frame = this.client.frames[this.read] as Frame;
      if (frame['timestamp'] !== undefined) this.took(frame, now);
    }
  }

  private took(frame: Frame, at: number): void {
    const { n, key } = frame['data'] as { n: number; key: number };
    const conflated = Number(frame['conflated'] ?? 0);
    if (n <= this.last) this.problems.push(`${n} after ${this.last}`);
    if (n - conflated - 1 > this.last)
      this.problems.push(`a hole before ${n}, which stands for ${conflated}`);
    if (frame['offset'] !== undefined && frame['offset'] !== n) this.problems.push(`${n} is out of place`);
    const same = this.got.findLast((each) => (each.frame['data'] as { key: number }).key === key);
    // What waited goes early when its subscriber leaves.
    if (same !== undefined && at - same.at < this.every && this.leftAt > at)
      this.problems.push(`key ${key} came ${at - same.at} ms after itself`);
    this.last = n;
    this.got.push({ frame, at });
  }
}

class Model {
  readonly world: World = createWorld({
    limits: { rate: 100_000 },
    channels: {
      kept: { conflate: { every: 100, key: 'key' } },
      fleeting: { tier: 'ephemeral', key: 'key', conflate: { every: 100 } },
    },
  });
  readonly published: Record<Name, Published[]> = { kept: [], fleeting: [] };
  readonly readers: Record<Name, Reader[]> = { kept: [], fleeting: [] };

  private get now(): number {
    return this.world.env.monotonic();
  }

  async join(): Promise<void> {
    for (const channel of channels) {
      for (const { maxRate, every } of rates) {
        const client = await this.world.join('ada', channel, maxRate === undefined ? {} : { maxRate });
        const first = this.published[channel].length + 1;
        this.readers[channel].push(new Reader(client, every, first));
      }
    }
  }

  async publish(channel: Name, key: number): Promise<void> {
    const n = this.published[channel].length + 1;
    this.published[channel].push({ at: this.now, key, n });
    await this.world.core.publish(channel, 'move', { key, n });
  }

  /** The oldest who are still there leave. */
  async leave(): Promise<void> {
    for (const channel of channels) {
      const reader = this.readers[channel].find(({ leftAt }) => leftAt === Infinity);
      if (reader === undefined) continue;
      this.look();
      reader.leftAt = this.now;
      reader.until = this.published[channel].length;
      reader.client.send({ type: 'unsubscribe', channel });
      await this.world.settle();
    }
  }

  async wait(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1) {
      await this.world.advance(1);
      this.look();
    }
  }

  look(): void {
    for (const channel of channels) for (const reader of this.readers[channel]) reader.look(this.now);
  }

  verify(): void {
    for (const channel of channels) {
      for (const reader of this.readers[channel]) {
        expect(reader.problems).toEqual([]);
        const due = this.published[channel].filter(({ n }) => n >= reader.first && n <= reader.until);
        this.compare(reader, due);
      }
    }
  }

  /** The newest of each key came, at the latest an interval after it was published, or when its subscriber left. */
  private compare({ got, every, leftAt }: Reader, due: readonly Published[]): void {
    const arrivals = new Map(got.map(({ frame, at }) => [(frame['data'] as { n: number }).n, at]));
    const newest = new Map(due.map((each) => [each.key, each]));
    for (const { n, at } of newest.values()) {
      const arrived = arrivals.get(n);
      expect(arrived, `${n} came`).toBeDefined();
      expect(arrived ?? 0).toBeLessThanOrEqual(Math.min(at + every, leftAt));
    }
  }
}

describe('a conflated stream', { timeout: 60_000 }, () => {
  it('keeps its rate, its order and its newest values, and accounts for the rest, whatever happens when', async () => {
    const seen = { conflated: 0, delivered: 0 };
    await checkAsync(
      fc.array(step, { maxLength: 40, size: 'max' }),
      async (steps) => {
        const model = new Model();
        await model.join();
        // In the quiet, the first comes at once.
        for (const channel of channels) await model.publish(channel, 0);
        await model.world.settle();
        model.look();
        for (const channel of channels)
          for (const { got } of model.readers[channel]) expect(got).toHaveLength(1);
        for (const each of steps) {
          if (each === 'join') await model.join();
          else if (each === 'leave') await model.leave();
          else if ('wait' in each) await model.wait(each.wait);
          else
            for (let count = 0; count < each.times; count += 1) await model.publish(each.channel, each.key);
          await model.world.settle();
          model.look();
        }
        await model.wait(501);
        model.verify();
        seen.conflated += model.world.core.metrics.conflated;
        seen.delivered += model.world.core.metrics.delivered;
      },
      40,
    );
    // Without these the property would hold for want of anything that was left out.
    expect(seen.conflated).toBeGreaterThan(1000);
    expect(seen.delivered).toBeGreaterThan(1000);
  });
});
