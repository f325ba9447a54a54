import { areInOrder, isError, position, same } from '../check.ts';
import { publications, publish, subscribe } from '../context.ts';
import type { WireCase } from '../options.ts';

/** An id is an idempotency key (PROTOCOL.md §2, message). */
export const idempotency: readonly WireCase[] = [
  {
    section: 2,
    title: 'a repeat gets the same ack, marked as duplicate, and is not published again',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      const first = await publish(client, channel, { n: 1 }, { id: 'm-1' });
      same('duplicate' in first, false);
      await publish(client, channel, 'between', { id: 'm-2' });
      same(await publish(client, channel, { n: 1 }, { id: 'm-1' }), { ...first, duplicate: true });
      await publish(client, channel, 'after');
      areInOrder(await publications(client, channel, 3), 1, [{ n: 1 }, 'between', 'after']);
    },
  },
  {
    section: 14,
    title: 'a lost ack: the repeat may come over another connection',
    run: async (wire) => {
      const [first, reader] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(reader, channel);
      const { position: place } = await publish(first, channel, 1, { id: 'm-1' });
      first.terminate();
      const again = await publish(await wire.connect('alice'), channel, 1, { id: 'm-1' });
      same([again['position'], again['duplicate']], [place, true]);
      await publish(reader, channel, 'after');
      areInOrder(await publications(reader, channel, 2), 1, [1, 'after']);
    },
  },
  {
    section: 2,
    title: 'repeats that are sent all at once are one publication',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      for (let n = 0; n < 10; n += 1) client.send({ type: 'message', channel, data: 'once', id: 'm-1' });
      const acks = [];
      for (let n = 0; n < 10; n += 1) acks.push(await client.next('ack'));
      same(acks.filter((ack) => ack['duplicate'] === true).length, 9);
      for (const ack of acks) same(position(ack).offset, 1);
      await publish(client, channel, 'after');
      areInOrder(await publications(client, channel, 2), 1, ['once', 'after']);
    },
  },
  {
    section: 2,
    title: 'the same id with another body gets id_conflict, and nothing is published',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      await publish(client, channel, 1, { id: 'm-1' });
      isError(await client.ask({ type: 'message', channel, data: 2, id: 'm-1' }), 'id_conflict', {
        id: 'm-1',
      });
      isError(await client.ask({ type: 'message', channel, data: 1, event: 'x', id: 'm-1' }), 'id_conflict');
      same((await publish(client, channel, 1, { id: 'm-1' }))['duplicate'], true);
      await publish(client, channel, 'after');
      areInOrder(await publications(client, channel, 2), 1, [1, 'after']);
    },
  },
  {
    section: 2,
    title: 'the same id of another user is another message',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      same(position(await publish(alice, channel, 1, { id: 'm-1' })).offset, 1);
      same(position(await publish(bob, channel, 2, { id: 'm-1' })).offset, 2);
    },
  },
  {
    section: 2,
    title: 'the same id in another channel is another message',
    run: async (wire) => {
      const client = await wire.connect();
      for (const data of [1, 2])
        same('duplicate' in (await publish(client, wire.channel(), data, { id: 'm-1' })), false);
    },
  },
  {
    section: 2,
    title: 'without an id a repeat is a new publication',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      for (let n = 0; n < 3; n += 1) client.send({ type: 'message', channel, data: 'same' });
      areInOrder(await publications(client, channel, 3), 1, ['same', 'same', 'same']);
    },
  },
  {
    section: 2,
    title: 'ids that are names of JavaScript’s own are ids like any other',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      for (const id of ['__proto__', 'constructor', 'toString']) {
        same('duplicate' in (await publish(client, channel, id, { id })), false);
        same((await publish(client, channel, id, { id }))['duplicate'], true);
      }
    },
  },
];
