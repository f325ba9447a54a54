import { areInOrder, isError, position, range, same } from '../check.ts';
import { publications, publish, subscribe } from '../context.ts';
import type { WireCase } from '../options.ts';

/** The order of one publisher (PROTOCOL.md §2, message; §14). */
export const following: readonly WireCase[] = [
  {
    section: 14,
    title: 'what follows a message that is missing gets out_of_order; both sent again stand in order',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      const second = { type: 'message', channel, data: 2, id: 'm-2', follows: 'm-1' };
      const third = { type: 'message', channel, data: 3, id: 'm-3', follows: 'm-2' };
      for (const frame of [second, third]) {
        isError(await client.ask(frame), 'out_of_order', { id: frame.id, channel });
      }
      client.send({ type: 'message', channel, data: 1, id: 'm-1' });
      client.send(second);
      client.send(third);
      areInOrder(await publications(client, channel, 3), 1, [1, 2, 3]);
    },
  },
  {
    section: 2,
    title: 'messages that follow one another are all published, whether their answers are waited for or not',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      await publish(client, channel, 1, { id: 1 });
      for (const n of range(2, 30)) client.send({ type: 'message', channel, data: n, id: n, follows: n - 1 });
      areInOrder(await publications(client, channel, 30), 1, range(1, 30));
    },
  },
  {
    section: 2,
    title: 'a number and its digits are one key to follow, and it may come over another connection',
    run: async (wire) => {
      const channel = wire.channel();
      await publish(await wire.connect(), channel, 1, { id: 7 });
      const ack = await publish(await wire.connect(), channel, 2, { id: 'm-2', follows: '7' });
      same(position(ack).offset, 2);
    },
  },
  {
    section: 2,
    title: 'a repeat is answered as a repeat, whatever it follows',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      const first = await publish(client, channel, 1, { id: 'm-1' });
      same(await publish(client, channel, 1, { id: 'm-1', follows: 'nothing' }), {
        ...first,
        duplicate: true,
      });
      const conflict = { type: 'message', channel, data: 2, id: 'm-1', follows: 'nothing' };
      isError(await client.ask(conflict), 'id_conflict');
    },
  },
  {
    section: 2,
    title: 'an id of another user, or in another channel, is nothing to follow',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const [channel, other] = [wire.channel(), wire.channel()];
      await publish(alice, channel, 1, { id: 'm-1' });
      const second = { type: 'message', data: 2, id: 'm-2', follows: 'm-1' };
      isError(await bob.ask({ ...second, channel }), 'out_of_order');
      isError(await alice.ask({ ...second, channel: other }), 'out_of_order');
    },
  },
  {
    section: 2,
    title: 'in an ephemeral channel messages follow one another too',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel('ephemeral');
      isError(await client.ask({ type: 'message', channel, data: 2, id: 'b', follows: 'a' }), 'out_of_order');
      await publish(client, channel, 1, { id: 'a' });
      await publish(client, channel, 2, { id: 'b', follows: 'a' });
    },
  },
];
