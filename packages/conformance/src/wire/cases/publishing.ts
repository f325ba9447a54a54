import { areInOrder, isError, isPublicationOf, position, range, same, truthy } from '../check.ts';
import { nothing, publications, publish, publishMany, subscribe } from '../context.ts';
import type { WireCase } from '../options.ts';
import { data } from './publishing-data.ts';
import { idempotency } from './publishing-ids.ts';
import { following } from './publishing-order.ts';

export function publishing(): readonly WireCase[] {
  return [...shapes, ...order, ...idempotency, ...following, ...data];
}

const shapes: readonly WireCase[] = [
  {
    section: 4,
    title: 'a publication has exactly its fields, and its position is the one in the ack',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(bob, channel);
      const before = Date.now();
      const ack = await publish(alice, channel, { text: 'hi' }, { event: 'note', id: 'm-1' });
      same(Object.keys(ack).sort(), ['channel', 'id', 'position', 'type']);
      const { timestamp, ...rest } = await bob.next('note');
      same(rest, { type: 'note', channel, data: { text: 'hi' }, ...position(ack), id: 'm-1', from: 'alice' });
      truthy(Number.isInteger(timestamp), 'the timestamp is in whole milliseconds');
      truthy(Math.abs((timestamp as number) - before) < 3_600_000, 'the timestamp is of this hour');
    },
  },
  {
    section: 2,
    title: 'the event is message when none is named, and an absent id stays absent',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      client.send({ type: 'message', channel, data: 1 });
      same('id' in (await client.next('ack')), false);
      const publication = await client.next('message');
      same('id' in publication, false);
      same(publication['from'], 'alice');
    },
  },
  {
    section: 4,
    title: 'a number as id is a string in the publication and a number in the ack',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      same((await publish(client, channel, 1, { id: 7 }))['id'], 7);
      same((await client.next('message'))['id'], '7');
    },
  },
  {
    section: 2,
    title: 'content is read as data where data is absent',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      await client.ask({ type: 'message', channel, content: 'as in the brief' });
      await client.ask({ type: 'message', channel, content: 'no', data: null });
      areInOrder(await publications(client, channel, 2), 1, ['as in the brief', null]);
    },
  },
  {
    section: 2,
    title: 'a client’s own from, timestamp, offset and epoch are ignored',
    run: async (wire) => {
      const client = await wire.connect('bob');
      const channel = wire.channel();
      const { epoch } = position(await subscribe(client, channel));
      await publish(client, channel, 1, { from: 'alice', timestamp: 1, offset: 999, epoch: 'forged' });
      const { timestamp, ...rest } = await client.next(isPublicationOf(channel));
      same(
        { ...rest, id: undefined },
        { type: 'message', channel, data: 1, offset: 1, epoch, id: undefined, from: 'bob' },
      );
      truthy((timestamp as number) > 1_000_000, 'the timestamp is the server’s');
    },
  },
  {
    section: 4,
    title: 'a publication of the server itself has no sender',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      const params = { channel, event: 'note', data: [1] };
      same((await client.ask({ type: 'call', method: 'wire.publish', params })).type, 'result');
      const { timestamp, epoch, ...rest } = await client.next('note');
      same(rest, { type: 'note', channel, data: [1], offset: 1 });
      same([typeof timestamp, typeof epoch], ['number', 'string']);
    },
  },
  {
    section: 4,
    title: 'in an ephemeral channel nothing has a position',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel('ephemeral');
      const subscribed = await subscribe(bob, channel);
      same([subscribed['recovered'], 'position' in subscribed], [false, false]);
      const ack = await publish(alice, channel, { x: 1 }, { id: 'e-1' });
      same(ack, { type: 'ack', channel, id: 'e-1' });
      const { timestamp, ...rest } = await bob.next('message');
      same(rest, { type: 'message', channel, data: { x: 1 }, id: 'e-1', from: 'alice' });
      same(typeof timestamp, 'number');
    },
  },
  {
    section: 2,
    title: 'one need not be subscribed to publish, and then hears nothing of it',
    run: async (wire) => {
      const client = await wire.connect();
      await publish(client, wire.channel(), 1);
      await nothing(client);
    },
  },
  {
    section: 9,
    title: 'who may read and not write gets access_denied with “Cannot send to channel”',
    run: async (wire) => {
      const bob = await wire.connect('bob');
      const channel = wire.channel('readable');
      await subscribe(bob, channel);
      const answer = await bob.ask({ type: 'message', channel, data: 1, id: 'no' });
      isError(answer, 'access_denied', { channel, id: 'no' });
      same(answer['message'], 'Cannot send to channel');
      await publish(await wire.connect('alice'), channel, 2);
      areInOrder(await publications(bob, channel, 1), 1, [2]);
    },
  },
];

const order: readonly WireCase[] = [
  {
    section: 1,
    title: 'publishes of one connection to one channel are appended in the order in which they were sent',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(bob, channel);
      for (const n of range(1, 100)) alice.send({ type: 'message', channel, data: n, id: n });
      areInOrder(await publications(bob, channel, 100), 1, range(1, 100));
      for (const n of range(1, 100)) {
        const ack = await alice.next((frame) => frame.type === 'ack' && frame['id'] === n);
        same(position(ack).offset, n);
      }
    },
  },
  {
    section: 4,
    title: 'offsets run +1 from 1 for every subscriber, whoever publishes, and all see one order',
    run: async (wire) => {
      const writers = await Promise.all(['alice', 'bob', 'carol'].map((user) => wire.connect(user)));
      const readers = await Promise.all(['alice', 'bob'].map((user) => wire.connect(user)));
      const channel = wire.channel();
      for (const reader of readers) await subscribe(reader, channel);
      await Promise.all(writers.map((writer) => publishMany(writer, channel, 30)));
      const [first = [], second = []] = await Promise.all(
        readers.map((reader) => publications(reader, channel, 90)),
      );
      same(first, second);
      same(
        first.map((frame) => frame['offset']),
        range(1, 90),
      );
      for (const user of ['alice', 'bob', 'carol']) {
        const own = first.filter((frame) => frame['from'] === user).map((frame) => frame['data']);
        same(own, range(1, 30), `the order of ${user}`);
      }
    },
  },
  {
    section: 4,
    title: 'offsets of one channel do not move those of another',
    run: async (wire) => {
      const client = await wire.connect();
      const [one, other] = [wire.channel(), wire.channel()];
      await publishMany(client, one, 5);
      same(position(await publish(client, other, 1)).offset, 1);
      same(position(await publish(client, one, 1)).offset, 6);
    },
  },
];
