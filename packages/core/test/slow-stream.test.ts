import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, TestClient } from './support/client.ts';
import { checkAsync } from './support/random.ts';
import { createWorld, type World } from './support/world.ts';

const outboxBytes = 150_000;
const channels = ['oldest', 'latest', 'fleeting'] as const;
type Name = (typeof channels)[number];

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      channel: fc.constantFrom(...channels),
      key: fc.integer({ min: 0, max: 4 }),
      bytes: fc.constantFrom(10, 10_000, 30_000),
      times: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom('stick', 'stick', 'sip', 'flow', 'ask', 'ping', 'settle') },
);

/** Reads one connection by the rule of PROTOCOL.md §15, and asks again as a client should. */
class Reader {
  readonly problems: string[] = [];
  /** Everything that the application was given, by channel. */
  readonly got: Record<Name, Frame[]> = { oldest: [], latest: [], fleeting: [] };
  readonly dropped: Record<Name, number> = { oldest: 0, latest: 0, fleeting: 0 };
  private readonly client: TestClient;
  private readonly streams = new Map<unknown, { at: number; missing: number; announced: number }>();
  private readonly places = new Map<
    unknown,
    { epoch: unknown; offset: number; excused: number; isAsking: boolean }
  >();
  private read = 0;

  constructor(client: TestClient) {
    this.client = client;
  }

  look(): void {
    for (; this.read < this.client.frames.length; this.read += 1) {
      const frame = this.client.frames[this.read] as Frame;
      if (frame.type === 'subscribed') this.subscribed(frame);
      else if (frame.type === 'behind') this.behind(frame);
      else if (frame['timestamp'] !== undefined) this.published(frame);
    }
  }

  ask(channel: unknown): void {
    const place = this.places.get(channel);
    if (place === undefined || place.isAsking) return;
    place.isAsking = true;
    const { epoch, offset } = place;
    this.client.send({ type: 'subscribe', channel, since: { epoch, offset }, id: offset });
  }

  private subscribed({ channel, position, recovered, id }: Frame): void {
    if (position === undefined) return;
    const { epoch, offset } = position as { epoch: string; offset: number };
    if (id !== undefined && (recovered !== true || offset !== id))
      this.problems.push(`answered ${offset} to ${String(id)}`);
    this.streams.set(channel, { at: offset, missing: 0, announced: 0 });
    // What came while the answer was on its way counts: the replay must not be taken for something new.
    const before = this.places.get(channel);
    const reached = recovered === true && before?.epoch === epoch ? Math.max(before.offset, offset) : offset;
    this.places.set(channel, { epoch, offset: reached, excused: 0, isAsking: false });
  }

  private behind({ channel, dropped, superseded }: Frame): void {
    this.dropped[channel as Name] += dropped as number;
    const stream = this.streams.get(channel);
    const place = this.places.get(channel);
    if (stream === undefined || place === undefined) return;
    stream.announced += dropped as number;
    if (superseded === true) place.excused += dropped as number;
    else this.ask(channel);
  }

  private published(frame: Frame): void {
    const channel = frame['channel'] as Name;
    const offset = frame['offset'] as number;
    const stream = this.streams.get(channel);
    const place = this.places.get(channel);
    if (stream === undefined || place === undefined) {
      this.got[channel].push(frame);
      return;
    }
    if (offset <= stream.at) this.problems.push(`${channel}: ${offset} after ${stream.at}`);
    stream.missing += offset - stream.at - 1;
    stream.at = offset;
    if (stream.missing > stream.announced) this.problems.push(`${channel}: a silent hole before ${offset}`);
    const gap = offset - place.offset - 1;
    if (gap < 0 || gap > (place.isAsking ? 0 : place.excused)) return;
    place.excused -= gap;
    place.offset = offset;
    this.got[channel].push(frame);
  }
}

async function publish(world: World, channel: Name, data: object): Promise<void> {
  await world.publishEvent(channel, 'message', data);
}

describe('the stream of a slow reader', { timeout: 60_000 }, () => {
  it('has no silent hole, keeps its bound, and is whole in the end, whatever happens when', async () => {
    const seen = { dropped: 0, asked: 0 };
    await checkAsync(
      fc.array(step, { maxLength: 60, size: 'max' }),
      async (steps) => {
        const world = createWorld({
          limits: { outboxBytes, outboxFrames: 40, historyPage: 1000, rate: 100_000 },
          channels: {
            oldest: { slow: 'drop-oldest', history: { size: 1000 } },
            latest: { slow: 'latest-per-key', key: 'key', history: { size: 1000 } },
            fleeting: { slow: 'drop-oldest', tier: 'ephemeral' },
          },
        });
        const client = await world.join('ada', 'oldest');
        for (const channel of ['latest', 'fleeting']) client.send({ type: 'subscribe', channel });
        await world.settle();
        const reader = new Reader(client);
        const published: Record<Name, { key: number; n: number }[]> = {
          oldest: [],
          latest: [],
          fleeting: [],
        };
        let pings = 0;
        for (const each of steps) {
          reader.look();
          if (typeof each === 'object') {
            const { channel, key, bytes, times } = each;
            for (let count = 0; count < times; count += 1) {
              const n = published[channel].length + 1;
              published[channel].push({ key, n });
              await publish(world, channel, { key, n, pad: 'x'.repeat(bytes) });
            }
          } else if (each === 'stick') client.stuck = true;
          else if (each === 'sip') client.sip();
          else if (each === 'flow') client.flow();
          else if (each === 'ask') reader.ask('oldest');
          else if (each === 'settle') await world.settle();
          else client.send({ type: 'ping', id: (pings += 1) });
          const buffered = world.core.connections()[0]?.bufferedBytes ?? 0;
          if (buffered > outboxBytes) reader.problems.push(`${buffered} bytes wait`);
        }
        for (let round = 0; round < 20; round += 1) {
          client.flow();
          reader.look();
          await world.settle();
        }
        expect(reader.problems).toEqual([]);
        expect(client.closedWith).toBeUndefined();
        expect(client.all('pong')).toHaveLength(pings);
        expect(reader.got.oldest.map(({ offset }) => offset)).toEqual(published.oldest.map(({ n }) => n));
        const newest = (entries: readonly { key: number; n: number }[]) =>
          [...new Map(entries.map(({ key, n }) => [key, n]))].sort(([a], [b]) => a - b);
        expect(newest(reader.got.latest.map(({ data }) => data as { key: number; n: number }))).toEqual(
          newest(published.latest),
        );
        expect(reader.got.fleeting.length + reader.dropped.fleeting).toBe(published.fleeting.length);
        seen.dropped += world.core.metrics.dropped;
        seen.asked += world.core.metrics.recovered;
      },
      150,
    );
    // Without these the property would hold for want of anything slow.
    expect(seen.dropped).toBeGreaterThan(100);
    expect(seen.asked).toBeGreaterThan(10);
  });
});
