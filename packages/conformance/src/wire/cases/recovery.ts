import { areInOrder, isPublicationOf, position, range, same } from '../check.ts';
import { nothing, publications, publish, publishMany, subscribe, type WireContext } from '../context.ts';
import type { WireCase } from '../options.ts';

interface Row {
  readonly title: string;
  /** Publications before the subscribe. Default 10. */
  readonly count?: number;
  readonly since: (top: { readonly epoch: string; readonly offset: number }) => unknown;
  readonly recovered: boolean;
  /** Offsets sent after `subscribed`. */
  readonly sent: readonly number[];
  readonly kind?: 'open' | 'few';
}

const unknown = 'an-epoch-of-no-log';

const rows: readonly Row[] = [
  { title: 'a position, everything after it kept', since: at(7), recovered: true, sent: [8, 9, 10] },
  { title: 'the position before the first', since: at(0), recovered: true, sent: range(1, 10) },
  { title: 'the position of the top', since: at(10), recovered: true, sent: [] },
  { title: 'the position of an empty log', count: 0, since: at(0), recovered: true, sent: [] },
  { title: 'an offset beyond the top', since: at(11), recovered: false, sent: [] },
  { title: 'the largest offset there is', since: at(Number.MAX_SAFE_INTEGER), recovered: false, sent: [] },
  {
    title: 'an epoch that is not the log’s',
    since: () => ({ epoch: unknown, offset: 7 }),
    recovered: false,
    sent: [],
  },
  { title: 'another epoch at 0', since: () => ({ epoch: unknown, offset: 0 }), recovered: false, sent: [] },
  {
    title: 'the epoch __proto__',
    since: () => ({ epoch: '__proto__', offset: 1 }),
    recovered: false,
    sent: [],
  },
  { title: 'nothing', since: () => undefined, recovered: false, sent: [] },
  { title: 'the latest', since: () => 'latest', recovered: false, sent: [10] },
  { title: 'the latest of an empty log', count: 0, since: () => 'latest', recovered: false, sent: [] },
  { title: 'the last 3', since: () => ({ last: 3 }), recovered: false, sent: [8, 9, 10] },
  { title: 'the last 0', since: () => ({ last: 0 }), recovered: false, sent: [] },
  { title: 'the last million of 10', since: () => ({ last: 1e6 }), recovered: false, sent: range(1, 10) },
  {
    title: 'the last million of 310',
    count: 310,
    since: () => ({ last: 1e6 }),
    recovered: false,
    sent: range(11, 310),
  },
  { title: 'exactly 300 behind', count: 310, since: at(10), recovered: true, sent: range(11, 310) },
  { title: '301 behind', count: 310, since: at(9), recovered: false, sent: [] },
  { title: 'just within a short log', kind: 'few', since: at(5), recovered: true, sent: range(6, 10) },
  { title: 'just outside a short log', kind: 'few', since: at(4), recovered: false, sent: [] },
  {
    title: 'the last 9 of a short log',
    kind: 'few',
    since: () => ({ last: 9 }),
    recovered: false,
    sent: range(6, 10),
  },
];

export function recovery(): readonly WireCase[] {
  return [...rows.map(fromTable), ...others];
}

function at(offset: number): Row['since'] {
  return ({ epoch }) => ({ epoch, offset });
}

/** Whatever was asked for: what follows `subscribed` runs +1 from its position, through what was missed and into live. */
function fromTable({ title, count = 10, since, recovered, sent, kind = 'open' }: Row): WireCase {
  return {
    section: 6,
    title: `since ${title}: recovered is ${recovered} and ${sent.length} come`,
    run: async (wire) => {
      const { channel, top } = await filled(wire, kind, count);
      const client = await wire.connect('bob');
      const asked = since(top);
      const subscribed = await subscribe(client, channel, asked === undefined ? {} : { since: asked });
      const first = (sent[0] ?? (recovered ? (asked as { offset: number }).offset + 1 : top.offset + 1)) - 1;
      same(
        [subscribed['recovered'], subscribed['position']],
        [recovered, { epoch: top.epoch, offset: first }],
      );
      await publish(await wire.connect('carol'), channel, top.offset + 1);
      const all = [...sent, top.offset + 1];
      areInOrder(await publications(client, channel, all.length), first + 1, all);
      await nothing(client, isPublicationOf(channel));
    },
  };
}

const others: readonly WireCase[] = [
  {
    section: 6,
    title: 'a recovered publication is the same, field by field, as the live one was',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      const start = position(await subscribe(bob, channel));
      await publish(alice, channel, { deep: [1, { a: null }] }, { event: 'note', id: 'm-1' });
      await publish(alice, channel, 2);
      const live = await publications(bob, channel, 2);
      const again = await wire.connect('bob');
      await subscribe(again, channel, { since: start });
      same(await publications(again, channel, 2), live);
    },
  },
  {
    section: 14,
    title: 'a publish meets a recovery: no hole and no duplicate, at any moment',
    run: async (wire) => {
      const alice = await wire.connect('alice');
      const channel = wire.channel();
      const start = position(await subscribe(alice, channel));
      const readers = await Promise.all(range(1, 10).map(() => wire.connect('bob')));
      for (const n of range(1, 200)) {
        alice.send({ type: 'message', channel, data: n });
        // Ten subscribers come while the publishes are on their way.
        if (n % 20 === 0) readers[n / 20 - 1]?.send({ type: 'subscribe', channel, since: start });
      }
      for (const reader of readers) {
        const subscribed = await reader.next('subscribed');
        same([subscribed['recovered'], subscribed['position']], [true, start]);
        areInOrder(await publications(reader, channel, 200), 1, range(1, 200));
        await nothing(reader, isPublicationOf(channel));
      }
    },
  },
  {
    section: 6,
    title: 'a client that goes and comes back at its own position misses nothing, again and again',
    run: async (wire) => {
      const alice = await wire.connect('alice');
      const channel = wire.channel();
      let place = position(await subscribe(alice, channel));
      const got: unknown[] = [];
      for (let round = 0; round < 5; round += 1) {
        await publish(alice, channel, round * 2);
        const bob = await wire.connect('bob');
        same((await subscribe(bob, channel, { since: place }))['recovered'], true);
        await publish(alice, channel, round * 2 + 1);
        for (const { data, offset } of await publications(bob, channel, 2)) {
          got.push(data);
          place = { ...place, offset: offset as number };
        }
        bob.terminate();
      }
      same(got, range(0, 9));
    },
  },
  {
    section: 6,
    title: 'an ephemeral channel never recovers, whatever is asked for',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel('ephemeral');
      await publish(client, channel, 1);
      for (const since of ['latest', { last: 5 }, { epoch: 'e', offset: 0 }]) {
        const subscribed = await subscribe(client, channel, { since });
        same([subscribed['recovered'], 'position' in subscribed], [false, false]);
      }
      await nothing(client, isPublicationOf(channel));
    },
  },
  {
    section: 6,
    title: 'every channel’s log has one epoch for all who look',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      const { epoch } = position(await subscribe(alice, channel));
      same(position(await subscribe(bob, channel)).epoch, epoch);
      same(position(await publish(alice, channel, 1)).epoch, epoch);
      const { data } = await bob.ask({ type: 'history', channel });
      same((data as { position: unknown }).position, { epoch, offset: 1 });
    },
  },
];

async function filled(
  wire: WireContext,
  kind: 'open' | 'few',
  count: number,
): Promise<{ readonly channel: string; readonly top: { readonly epoch: string; readonly offset: number } }> {
  const channel = wire.channel(kind);
  const writer = await wire.connect('alice');
  if (count > 0) return { channel, top: await publishMany(writer, channel, count) };
  return { channel, top: position(await subscribe(writer, channel)) };
}
