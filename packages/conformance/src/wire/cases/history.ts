import type { RawClient } from '@thrum/testkit';
import { areInOrder, position, range, same, truthy } from '../check.ts';
import { publications, publish, publishMany, subscribe } from '../context.ts';
import type { WireCase } from '../options.ts';

interface Place {
  readonly epoch: string;
  readonly offset: number;
}

interface Page {
  readonly publications: readonly {
    readonly type: string;
    readonly offset: number;
    readonly data: unknown;
  }[];
  readonly position?: Place;
  readonly more: boolean;
  readonly recovered: boolean;
}

interface Row {
  readonly title: string;
  readonly query: (top: Place) => object;
  readonly offsets: readonly number[];
  readonly more: boolean;
  readonly recovered?: boolean;
}

const since = (offset: number) => (top: Place) => ({ since: { epoch: top.epoch, offset } });

/** Asked of a log with the offsets 1 to 10. */
const pages: readonly Row[] = [
  { title: 'everything', query: () => ({}), offsets: range(1, 10), more: false },
  {
    title: 'everything, newest first',
    query: () => ({ reverse: true }),
    offsets: range(1, 10).reverse(),
    more: false,
  },
  { title: 'the oldest 3', query: () => ({ limit: 3 }), offsets: [1, 2, 3], more: true },
  { title: 'the newest 3', query: () => ({ limit: 3, reverse: true }), offsets: [10, 9, 8], more: true },
  {
    title: 'reverse: false like no reverse',
    query: () => ({ limit: 2, reverse: false }),
    offsets: [1, 2],
    more: true,
  },
  { title: 'all 10 with a limit of 10', query: () => ({ limit: 10 }), offsets: range(1, 10), more: false },
  { title: 'after 7', query: since(7), offsets: [8, 9, 10], more: false },
  { title: 'after 7, one', query: (top) => ({ ...since(7)(top), limit: 1 }), offsets: [8], more: true },
  { title: 'after 0', query: since(0), offsets: range(1, 10), more: false },
  { title: 'after the top', query: since(10), offsets: [], more: false },
  {
    title: 'before 4',
    query: (top) => ({ ...since(4)(top), reverse: true }),
    offsets: [3, 2, 1],
    more: false,
  },
  {
    title: 'before 4, two',
    query: (top) => ({ ...since(4)(top), reverse: true, limit: 2 }),
    offsets: [3, 2],
    more: true,
  },
  { title: 'before 1', query: (top) => ({ ...since(1)(top), reverse: true }), offsets: [], more: false },
];

/** Whatever is no whole number from 1 to 300 counts as 300. */
const limits: Readonly<Record<string, string>> = {
  '-1': '-1',
  '0': '0',
  '301': '301',
  '1e9': '1e9',
  '1.5': '1.5',
  '1e999': '1e999',
  'null, which is how JSON writes NaN': 'null',
};

export function history(): readonly WireCase[] {
  return [
    ...pages.map(paged),
    ...Object.entries(limits).map(([title, text]) => clamped(title, text)),
    ...others,
  ];
}

function paged({ title, query, offsets, more, recovered = true }: Row): WireCase {
  return {
    section: 2,
    title: `history of ${title}`,
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      const top = await publishMany(client, channel, 10);
      const page = await read(client, channel, query(top));
      same(
        { ...page, publications: offsetsOf(page) },
        { publications: offsets, position: top, more, recovered },
      );
    },
  };
}

function clamped(title: string, text: string): WireCase {
  return {
    section: 2,
    title: `a limit of ${title} counts as 300`,
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await publishMany(client, channel, 305);
      client.send(`{"type":"history","channel":"${channel}","limit":${text},"id":"h"}`);
      const answer = await client.next('result');
      const page = answer['data'] as Page;
      same([page.publications.length, page.more, answer['id']], [300, true, 'h']);
      same(offsetsOf(page), range(1, 300));
    },
  };
}

const others: readonly WireCase[] = [
  {
    section: 4,
    title: 'a page holds publications as they travel: the event is their type',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      await publish(client, channel, { text: 'hi' }, { event: 'note', id: 'm-1' });
      const live = await client.next('note');
      same((await read(client, channel, {})).publications, [live]);
    },
  },
  {
    section: 2,
    title: 'pages join without a hole, forward and backward',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      const { epoch } = await publishMany(client, channel, 23);
      for (const reverse of [false, true]) {
        const found: number[] = [];
        let query: object = { limit: 5, reverse };
        for (let more = true; more;) {
          const page = await read(client, channel, query);
          found.push(...offsetsOf(page));
          more = page.more;
          query = { limit: 5, reverse, since: { epoch, offset: found.at(-1) } };
        }
        same(found, reverse ? range(1, 23).reverse() : range(1, 23));
      }
    },
  },
  {
    section: 2,
    title: 'a channel without a publication has an empty page and a position of 0',
    run: async (wire) => {
      const client = await wire.connect();
      const page = await read(client, wire.channel(), {});
      same([page.publications, page.position?.offset, page.more, page.recovered], [[], 0, false, true]);
    },
  },
  {
    section: 2,
    title: 'a position of another epoch or of the future is not recovered',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      const top = await publishMany(client, channel, 3);
      for (const place of [
        { epoch: 'of-no-log', offset: 1 },
        { ...top, offset: 4 },
        { ...top, offset: 1e15 },
      ]) {
        const page = await read(client, channel, { since: place });
        same([page.recovered, page.position], [false, top]);
      }
    },
  },
  {
    section: 2,
    title: 'a position from before the oldest kept is not recovered, and the page is what there is',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel('few');
      const top = await publishMany(client, channel, 10);
      const all = await read(client, channel, {});
      same([offsetsOf(all), all.recovered, all.position], [range(6, 10), true, top]);
      const gap = await read(client, channel, { since: { ...top, offset: 3 } });
      same([offsetsOf(gap), gap.recovered], [range(6, 10), false]);
      const edge = await read(client, channel, { since: { ...top, offset: 5 } });
      same([offsetsOf(edge), edge.recovered], [range(6, 10), true]);
      const back = await read(client, channel, { limit: 2, reverse: true, since: { ...top, offset: 8 } });
      same([offsetsOf(back), back.more], [[7, 6], false]);
    },
  },
  {
    section: 2,
    title: 'a channel that keeps no history answers with an empty page and no position',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel('ephemeral');
      await publish(client, channel, 1);
      const page = await read(client, channel, {});
      same([page.publications, page.more, 'position' in page], [[], false, false]);
    },
  },
  {
    section: 2,
    title: 'history is there for those who are not subscribed, and reading it subscribes nobody',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const [channel, other] = [wire.channel(), wire.channel()];
      await publish(alice, channel, 1);
      same((await read(bob, channel, {})).publications.length, 1);
      await subscribe(bob, other);
      await publish(alice, channel, 2);
      await publish(alice, other, 3);
      areInOrder(await publications(bob, other, 1), 1, [3]);
      await bob.expectNothing('message');
    },
  },
  {
    section: 2,
    title: 'a page takes at most half of the outbox, and says that there is more',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      const size = Math.floor(wire.limits.messageBytes * 0.9);
      const most = wire.limits.outboxBytes / 2;
      const count = Math.ceil(most / size) + 3;
      for (const n of range(1, count)) await publish(client, channel, `${n}`.padEnd(size, 'x'));
      const first = await read(client, channel, {});
      truthy(JSON.stringify(first).length <= most, 'a page within half of the outbox');
      const end = first.publications.length;
      same([offsetsOf(first), first.more], [range(1, end), true]);
      const rest = await read(client, channel, { since: { ...first.position, offset: end } });
      same([offsetsOf(rest), rest.more], [range(end + 1, count), false]);
    },
  },
  {
    section: 6,
    title: 'history’s position and a subscribe from there leave nothing out',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await publishMany(alice, channel, 5);
      const page = await read(bob, channel, {});
      await publish(alice, channel, 6);
      const subscribed = await subscribe(bob, channel, { since: page.position });
      same([subscribed['recovered'], position(subscribed).offset], [true, 5]);
      areInOrder(await publications(bob, channel, 1), 6, [6]);
    },
  },
];

async function read(client: RawClient, channel: string, query: object): Promise<Page> {
  const answer = await client.ask({ type: 'history', channel, ...query });
  same([answer.type, Object.keys(answer).sort()], ['result', ['data', 'id', 'type']]);
  return answer['data'] as Page;
}

function offsetsOf(page: Page): number[] {
  return page.publications.map(({ offset }) => offset);
}
