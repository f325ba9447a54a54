import { areInOrder, isAlive, isError, position, range, same } from '../check.ts';
import { nothing, publications, publish, publishMany, subscribe } from '../context.ts';
import type { WireCase } from '../options.ts';

const worker = { ack: true, name: 'worker-1' };

/** Named subscribers and the window of acknowledged ones (PROTOCOL.md §7). */
export function named(): readonly WireCase[] {
  return [...cursors, ...holders, ...windows];
}

const cursors: readonly WireCase[] = [
  {
    section: 7,
    title: 'a name without ack: true, and one that is not 1 to 64 characters, get invalid_frame',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      for (const fields of [
        { name: 'w' },
        { name: 'w', ack: false },
        { ack: true, name: '' },
        { ack: true, name: 'w'.repeat(65) },
        { ack: true, name: 7 },
        { ack: true, name: null },
      ]) {
        isError(await client.ask({ type: 'subscribe', channel, ...fields }), 'invalid_frame');
      }
      await subscribe(client, channel, { ack: true, name: 'w'.repeat(64) });
    },
  },
  {
    section: 7,
    title: 'a new name begins at the top, and comes back after what it confirmed',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await publishMany(alice, channel, 2);
      const begun = await subscribe(bob, channel, worker);
      same([position(begun).offset, begun['recovered']], [2, false]);
      await publishMany(alice, channel, 4);
      areInOrder(await publications(bob, channel, 4), 3, [1, 2, 3, 4]);
      bob.send({ type: 'ack', channel, offset: 4 });
      await isAlive(bob);
      bob.terminate();
      const again = await wire.connect('bob');
      const back = await subscribe(again, channel, worker);
      same([position(back).offset, back['recovered']], [4, true]);
      areInOrder(await publications(again, channel, 2), 5, [3, 4]);
    },
  },
  {
    section: 7,
    title: 'a cursor is of one user, channel and name',
    run: async (wire) => {
      const [alice, bob, carol] = [
        await wire.connect('alice'),
        await wire.connect('bob'),
        await wire.connect('carol'),
      ];
      const channel = wire.channel();
      await subscribe(bob, channel, worker);
      await subscribe(carol, channel, worker);
      await publishMany(alice, channel, 2);
      await publications(bob, channel, 2);
      bob.send({ type: 'ack', channel, offset: 2 });
      await isAlive(bob);
      same((await carol.ask({ type: 'unsubscribe', channel })).type, 'unsubscribed');
      await publications(carol, channel, 2);
      same(position(await subscribe(carol, channel, worker)).offset, 0);
      same(position(await subscribe(bob, channel, { ack: true, name: 'other' })).offset, 2);
    },
  },
  {
    section: 2,
    title: 'an ack with the epoch of another log confirms nothing',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(bob, channel, worker);
      const { epoch } = await publishMany(alice, channel, 3);
      await publications(bob, channel, 3);
      bob.send({ type: 'ack', channel, offset: 1, epoch });
      bob.send({ type: 'ack', channel, offset: 3, epoch: `${epoch.slice(0, 60)}-x` });
      isError(await bob.ask({ type: 'ack', channel, offset: 3, epoch: 7, id: 'bad' }), 'invalid_frame');
      same(position(await subscribe(await wire.connect('bob'), channel, worker)).offset, 1);
    },
  },
];

const holders: readonly WireCase[] = [
  {
    section: 7,
    title: 'a second subscriber takes the name over: the first gets superseded and nothing more',
    run: async (wire) => {
      const [alice, first] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(first, channel, worker);
      await publish(alice, channel, 1);
      await publications(first, channel, 1);
      const second = await wire.connect('bob');
      await subscribe(second, channel, worker);
      same(await first.next('unsubscribed'), { type: 'unsubscribed', channel, code: 'superseded' });
      await publish(alice, channel, 2);
      areInOrder(await publications(second, channel, 2), 1, [1, 2]);
      await nothing(first);
    },
  },
];

const windows: readonly WireCase[] = [
  {
    section: 7,
    title: 'at most ackWindow unconfirmed publications are sent, and the rest follows without a hole',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      const { ackWindow } = wire.limits;
      const total = Math.min(2 * ackWindow, 900);
      await subscribe(bob, channel, { ack: true });
      await publishMany(alice, channel, total);
      areInOrder(await publications(bob, channel, ackWindow), 1, range(1, ackWindow));
      await nothing(bob);
      bob.send({ type: 'ack', channel, offset: ackWindow });
      areInOrder(
        await publications(bob, channel, total - ackWindow),
        ackWindow + 1,
        range(ackWindow + 1, total),
      );
      bob.send({ type: 'ack', channel, offset: total });
      await publish(alice, channel, 'live');
      same((await publications(bob, channel, 1))[0]?.['data'], 'live');
    },
  },
  {
    section: 7,
    title: 'an acknowledged subscription recovers from further back than a page',
    needs: ({ limits }) => (limits?.historyPage ?? 300) < 900,
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      const count = wire.limits.historyPage + 50;
      const { epoch } = await publishMany(alice, channel, count);
      const since = { epoch, offset: 0 };
      same((await subscribe(alice, channel, { since }))['recovered'], false);
      same((await subscribe(bob, channel, { since, ack: true }))['recovered'], true);
      const first = await publications(bob, channel, Math.min(count, wire.limits.ackWindow));
      bob.send({ type: 'ack', channel, offset: first.length });
      const rest = await publications(bob, channel, count - first.length);
      areInOrder([...first, ...rest], 1, range(1, count));
    },
  },
];
