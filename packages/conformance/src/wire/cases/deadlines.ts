import { type ByteClient, frameBytes, opcodes } from '@thrum/testkit';
import { closesWith, isAlive, isPublicationOf, same } from '../check.ts';
import { publications, publish, publishMany, subscribe } from '../context.ts';
import { overWebSocket, type WireCase } from '../options.ts';

const text = '{"type":"ping"}';

/** Messages that begin and never end, each with what is written again and again. */
const unfinished: Readonly<Record<string, (client: ByteClient) => () => void>> = {
  'a header alone': (client) => {
    client.write('81');
    return () => {};
  },
  'a frame of which one byte comes at a time': (client) => {
    client.write(frameBytes({ length: 1000, lengthBytes: 2 }).subarray(0, 8));
    return () => client.write('20');
  },
  'a message whose last fragment never comes': (client) => {
    client.frame({ fin: false, payload: text.slice(0, 3) });
    return () => client.frame({ opcode: opcodes.ping });
  },
};

export function deadlines(): readonly WireCase[] {
  return [
    ...Object.entries(unfinished).map(([title, start]) => endless(title, start)),
    ...authentication,
    ...others,
  ];
}

function endless(title: string, start: (client: ByteClient) => () => void): WireCase {
  return {
    section: 13,
    title: `${title} ends the connection in bounded time`,
    needs: overWebSocket,
    run: async (wire) => {
      const [client, other] = [await wire.bytes(), await wire.connect('bob')];
      const timer = setInterval(start(client), 20);
      wire.defer(() => clearInterval(timer));
      await client.ended(wire.limits.frameSeconds * 1000 + 30_000);
      await isAlive(other);
    },
  };
}

const authentication: readonly WireCase[] = [
  {
    section: 9,
    title: 'no auth in time gets authentication_timeout and 1008 Authentication timeout',
    run: async (wire) => {
      const client = await wire.dial();
      same((await client.take())['authentication'], 'required');
      await closesWith(client, 'authentication_timeout');
    },
  },
  {
    section: 9,
    title: 'pings do not put it off',
    run: async (wire) => {
      const client = await wire.dial();
      await client.next('welcome');
      const timer = setInterval(() => client.send(text), 20);
      wire.defer(() => clearInterval(timer));
      client.closed().then(
        () => clearInterval(timer),
        () => {},
      );
      same((await client.next('error'))['code'], 'authentication_timeout');
      same(await client.closed(), { code: 1008, reason: 'Authentication timeout' });
    },
  },
  {
    section: 9,
    title: 'who authenticated in time stays',
    run: async (wire) => {
      const [late, early] = [await wire.dial(), await wire.connect('alice')];
      await late.closed();
      await isAlive(early);
    },
  },
];

const others: readonly WireCase[] = [
  {
    section: 8,
    title: 'left comes when a dropped user’s grace is over, once for all their tabs',
    run: async (wire) => {
      const alice = await wire.connect('alice');
      const tabs = [await wire.connect('bob'), await wire.connect('bob')];
      const channel = wire.channel();
      for (const tab of tabs) await subscribe(tab, channel);
      await subscribe(alice, channel, { presence: true });
      for (const tab of tabs) tab.terminate();
      const left = await alice.next('left');
      same([left['channel'], (left['member'] as { userId: string }).userId], [channel, 'bob']);
      const answer = await alice.ask({ type: 'presence', channel });
      same((answer['data'] as { count: number }).count, 1);
      same(
        alice.frames.waiting(({ type }) => type === 'left' || type === 'joined'),
        [],
      );
    },
  },
  {
    section: 7,
    title: 'what is not confirmed is sent again, unchanged, three times and no more',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(bob, channel, { ack: true });
      await publish(alice, channel, 'unconfirmed');
      const times = wire.limits.redeliveries + 1;
      const sent = await publications(bob, channel, times);
      for (const again of sent) same(again, sent[0]);
      // A second one goes through all its repeats after the first was given up: a fifth of the first would show.
      await publish(alice, channel, 'second');
      const more = await publications(bob, channel, times);
      same(new Set(more.map(({ data }) => data)), new Set(['second']));
    },
  },
  {
    section: 7,
    title: 'confirming an offset confirms all before it, and the rest is sent again',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(bob, channel, { ack: true });
      await publishMany(alice, channel, 3);
      await publications(bob, channel, 3);
      bob.send({ type: 'ack', channel, offset: 2 });
      const again = await publications(bob, channel, wire.limits.redeliveries);
      same(new Set(again.map(({ offset }) => offset)), new Set([3]));
    },
  },
  {
    section: 2,
    title: 'an ack with an id confirms the publication that carried it, and no other',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(bob, channel, { ack: true });
      for (const id of ['m-1', 'm-2']) await publish(alice, channel, id, { id });
      await publications(bob, channel, 2);
      bob.send({ type: 'ack', id: 'm-2' });
      const again = await publications(bob, channel, wire.limits.redeliveries);
      same(new Set(again.map(({ id }) => id)), new Set(['m-1']));
    },
  },
  {
    section: 7,
    title: 'a subscription that asks for no acknowledgement gets nothing twice',
    run: async (wire) => {
      const [alice, plain, acknowledged] = await Promise.all(
        ['alice', 'bob', 'carol'].map((user) => wire.connect(user)),
      );
      if (alice === undefined || plain === undefined || acknowledged === undefined) return;
      const channel = wire.channel();
      await subscribe(plain, channel);
      await subscribe(acknowledged, channel, { ack: true });
      await publish(alice, channel, 1);
      await publications(acknowledged, channel, wire.limits.redeliveries + 1);
      await publications(plain, channel, 1);
      await plain.expectNothing(isPublicationOf(channel));
    },
  },
];
