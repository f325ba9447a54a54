import type { Member } from '@thrum/protocol';
import type { Frame, RawClient } from '@thrum/testkit';
import { isError, same, truthy } from '../check.ts';
import { nothing, publish, subscribe } from '../context.ts';
import { noticesDrops, type WireCase } from '../options.ts';

export function presence(): readonly WireCase[] {
  return [...seeing, ...states, ...refusals];
}

const seeing: readonly WireCase[] = [
  {
    section: 8,
    title: 'a subscription with presence gets all members after subscribed, itself among them',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(alice, channel);
      bob.send({ type: 'subscribe', channel, presence: true });
      same((await bob.take()).type, 'subscribed');
      const { members, ...rest } = await bob.take();
      same(rest, { type: 'presence', channel, full: true });
      same(usersOf(members), { alice: 1, bob: 1 });
      for (const { metas } of members as Member[]) {
        for (const { connectionId, joinedAt, ...more } of metas) {
          same([typeof connectionId, typeof joinedAt, more], ['string', 'number', {}]);
        }
      }
    },
  },
  {
    section: 8,
    title: 'joined comes with a user’s first meta, left when the user unsubscribes, at once',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await watch(alice, channel);
      await subscribe(bob, channel);
      const joined = await alice.next('joined');
      same([joined['channel'], usersOf([joined['member']])], [channel, { bob: 1 }]);
      await bob.ask({ type: 'unsubscribe', channel });
      const left = await alice.next('left');
      same([left['channel'], (left['member'] as Member).userId], [channel, 'bob']);
      same(await members(alice, channel), { alice: 1 });
      await nothing(alice);
    },
  },
  {
    section: 14,
    title: 'two tabs of one user are two metas and one member: joined once, left once',
    run: async (wire) => {
      const alice = await wire.connect('alice');
      const [one, two] = [await wire.connect('bob'), await wire.connect('bob')];
      const channel = wire.channel();
      await watch(alice, channel);
      await subscribe(one, channel);
      await alice.next('joined');
      await subscribe(two, channel);
      const changed = await alice.next('presence');
      same([changed['full'], usersOf(changed['members'])], [false, { bob: 2 }]);
      await one.ask({ type: 'unsubscribe', channel });
      const fewer = await alice.next('presence');
      same([fewer['full'], usersOf(fewer['members'])], [false, { bob: 1 }]);
      await two.ask({ type: 'unsubscribe', channel });
      same(((await alice.next('left'))['member'] as Member).userId, 'bob');
      await nothing(alice);
    },
  },
  {
    section: 8,
    title: 'a tab that is closed while another is open is no leaving',
    applies: noticesDrops,
    run: async (wire) => {
      const alice = await wire.connect('alice');
      const [one, two] = [await wire.connect('bob'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(one, channel);
      await subscribe(two, channel);
      await watch(alice, channel);
      one.terminate();
      const changed = await alice.next('presence');
      same([changed['full'], usersOf(changed['members'])], [false, { bob: 1 }]);
      await nothing(alice);
    },
  },
  {
    section: 8,
    title: 'a user who drops and comes back within the grace neither left nor joined',
    applies: noticesDrops,
    run: async (wire) => {
      const alice = await wire.connect('alice');
      const dropped = await wire.connect('bob');
      const channel = wire.channel();
      await watch(alice, channel);
      await subscribe(dropped, channel);
      await alice.next('joined');
      dropped.terminate();
      const back = await wire.connect('bob');
      await subscribe(back, channel);
      same(await members(alice, channel), { alice: 1, bob: 1 });
      await nothing(alice, ({ type }) => type === 'joined' || type === 'left');
    },
  },
  {
    section: 8,
    title: 'a subscription without presence is told nothing of members',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(alice, channel);
      await subscribe(bob, channel, { presence: true });
      await bob.ask({ type: 'unsubscribe', channel });
      await publish(alice, channel, 1);
      await alice.next('message');
      await nothing(alice);
    },
  },
  {
    section: 8,
    title: 'a second subscribe with presence begins to watch, and one without it ends it',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(alice, channel);
      await watch(alice, channel);
      await subscribe(bob, channel);
      await alice.next('joined');
      await subscribe(alice, channel);
      await bob.ask({ type: 'unsubscribe', channel });
      await publish(bob, channel, 'after');
      await alice.next('message');
      await nothing(alice);
    },
  },
  {
    section: 2,
    title: 'presence answers those who are not in the channel, and counts members',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      same(await members(bob, channel), {});
      await subscribe(alice, channel);
      await subscribe(await wire.connect('alice'), channel);
      same(await members(bob, channel), { alice: 2 });
    },
  },
];

const states: readonly WireCase[] = [
  {
    section: 8,
    title: 'a state replaces this connection’s own, is told to watchers, and stands in the answer',
    run: async (wire) => {
      const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
      const channel = wire.channel();
      await subscribe(bob, channel);
      await watch(alice, channel);
      for (const state of [{ name: 'Bob' }, 'away', null, 0, { a: [] }]) {
        const answer = await bob.ask({ type: 'presence', channel, state });
        const { members: all, count } = answer['data'] as { members: Member[]; count: number };
        same([count, stateOf(all, 'bob')], [2, state]);
        const changed = await alice.next('presence');
        same([changed['full'], usersOf(changed['members'])], [false, { bob: 1 }]);
        same(stateOf(changed['members'] as Member[], 'bob'), state);
      }
    },
  },
  {
    section: 8,
    title: 'a state may be of 1,024 bytes and no more',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      const fits = 'é'.repeat((wire.limits.presenceStateBytes - 2) / 2);
      same((await client.ask({ type: 'presence', channel, state: fits })).type, 'result');
      isError(await client.ask({ type: 'presence', channel, state: `${fits}x` }), 'invalid_data');
      const answer = await client.ask({ type: 'presence', channel });
      same(stateOf((answer['data'] as { members: Member[] }).members, 'alice'), fits);
    },
  },
  {
    section: 8,
    title: 'a state in a channel that was not joined gets not_subscribed',
    run: async (wire) => {
      const client = await wire.connect();
      isError(await client.ask({ type: 'presence', channel: wire.channel(), state: 1 }), 'not_subscribed');
    },
  },
  {
    section: 8,
    title: 'what a reconnecting user sees has no metas of connections that are gone',
    run: async (wire) => {
      const channel = wire.channel();
      const gone = await wire.connect('bob');
      await subscribe(gone, channel);
      await gone.close();
      const back = await wire.connect('bob');
      await subscribe(back, channel, { presence: true });
      same(usersOf((await back.next('presence'))['members']), { bob: 1 });
    },
  },
];

const refusals: readonly WireCase[] = [
  {
    section: 8,
    title: 'without presence in the definition both ways to ask for it get access_denied',
    run: async (wire) => {
      const client = await wire.connect();
      for (const kind of ['few', 'ephemeral'] as const) {
        const channel = wire.channel(kind);
        isError(await client.ask({ type: 'presence', channel }), 'access_denied', { channel });
        isError(await client.ask({ type: 'subscribe', channel, presence: true }), 'access_denied', {
          channel,
        });
        await subscribe(client, channel);
      }
    },
  },
];

/** Subscribes with presence and takes the list of members. */
async function watch(client: RawClient, channel: string): Promise<void> {
  await subscribe(client, channel, { presence: true });
  await client.next((frame) => frame.type === 'presence' && frame['full'] === true);
}

/** How many metas each user has, by the `presence` command. */
async function members(client: RawClient, channel: string): Promise<Record<string, number>> {
  const answer: Frame = await client.ask({ type: 'presence', channel });
  same(answer.type, 'result');
  const data = answer['data'] as { members: Member[]; count: number };
  same(data.count, data.members.length);
  return usersOf(data.members);
}

function usersOf(all: unknown): Record<string, number> {
  truthy(Array.isArray(all), 'members are an array');
  return Object.fromEntries((all as Member[]).map(({ userId, metas }) => [userId, metas.length]));
}

function stateOf(all: readonly Member[], userId: string): unknown {
  return all.find((member) => member.userId === userId)?.metas[0]?.state;
}
