import type { Frame, RawClient } from '@thrum/testkit';
import { isPublication } from '@thrum/testkit';
import { isAlive, isError, isPublicationOf, position, range, same, truthy } from '../check.ts';
import { nothing, publications, publish, subscribe, type WireContext } from '../context.ts';
import type { WireCase } from '../options.ts';

const keys = 3;

/** Publishes `{ n, k }` for each number, all on their way before the first is answered. */
async function publishAll(client: RawClient, channel: string, first: number, last: number): Promise<void> {
  await Promise.all(range(first, last).map((n) => publish(client, channel, { n, k: n % keys })));
}

/** Takes publications until this offset, and objects to a hole that no `conflated` accounts for. */
async function follow(client: RawClient, channel: string, from: number, to: number): Promise<Frame[]> {
  const taken: Frame[] = [];
  for (let at = from; at < to;) {
    const frame = await client.next(isPublicationOf(channel));
    const { offset, conflated = 0 } = frame as { readonly offset?: number; readonly conflated?: number };
    truthy(Number.isSafeInteger(offset) && Number(offset) > at, `${offset} comes after ${at}`);
    truthy(Number.isSafeInteger(conflated) && conflated >= 0, `conflated is a count: ${String(conflated)}`);
    truthy(Number(offset) - conflated <= at + 1, `${offset} with ${conflated} after ${at} leaves a hole`);
    at = Number(offset);
    taken.push(frame);
  }
  return taken;
}

async function two(wire: WireContext): Promise<{ readonly alice: RawClient; readonly bob: RawClient }> {
  return { alice: await wire.connect('alice'), bob: await wire.connect('bob') };
}

export function conflation(): readonly WireCase[] {
  return [
    {
      section: 18,
      title:
        'a conflated channel says so, sends the first at once and the newest of each key, and accounts for the rest',
      run: async (wire) => {
        const { alice, bob } = await two(wire);
        const channel = wire.channel('conflated');
        same((await subscribe(bob, channel))['maxRate'], 5);
        await publish(alice, channel, { n: 1, k: 1 });
        const [first] = await publications(bob, channel, 1);
        same([first?.['offset'], first?.['conflated']], [1, undefined]);
        await publishAll(alice, channel, 2, 60);
        const rest = await follow(bob, channel, 1, 60);
        truthy(rest.length < 59, 'something gave way');
        same(
          rest.slice(-keys).map((frame) => frame['offset']),
          range(58, 60),
        );
      },
    },
    {
      section: 18,
      title: 'history and recovery have every publication of a conflated channel',
      run: async (wire) => {
        const { alice, bob } = await two(wire);
        const channel = wire.channel('conflated');
        const { epoch } = position(await subscribe(alice, channel));
        await publishAll(alice, channel, 1, 20);
        const page = await alice.ask({ type: 'history', channel });
        const { publications: kept } = page['data'] as { readonly publications: readonly Frame[] };
        same((await subscribe(bob, channel, { since: { epoch, offset: 2 } }))['recovered'], true);
        const recovered = await publications(bob, channel, 18);
        same(
          kept.map(({ offset }) => offset),
          range(1, 20),
        );
        same(
          recovered.map(({ offset }) => offset),
          range(3, 20),
        );
        truthy(![...kept, ...recovered].some((frame) => 'conflated' in frame), 'nothing gave way there');
      },
    },
    {
      section: 18,
      title: 'an acknowledged subscription of a conflated channel gets every publication',
      run: async (wire) => {
        const { alice, bob } = await two(wire);
        const channel = wire.channel('conflated');
        const subscribed = await subscribe(bob, channel, { ack: true, maxRate: 1 });
        truthy(!('maxRate' in subscribed), 'none is granted');
        await publishAll(alice, channel, 1, 20);
        same(
          (await publications(bob, channel, 20)).map(({ offset }) => offset),
          range(1, 20),
        );
      },
    },
    {
      section: 18,
      title: 'maxRate is granted in steps, never above what was asked for or what the channel gives',
      run: async (wire) => {
        const client = await wire.connect();
        for (const [asked, granted] of [
          [1000, 100],
          [30, 20],
          [7, 5],
          [1, 1],
          [0.3, 0.2],
          [0.01, 0.01],
        ]) {
          same((await subscribe(client, wire.channel(), { maxRate: asked }))['maxRate'], granted);
          const conflated = await subscribe(client, wire.channel('conflated'), { maxRate: asked });
          same(conflated['maxRate'], Math.min(granted ?? 0, 5));
        }
        truthy(!('maxRate' in (await subscribe(client, wire.channel()))), 'without it, nothing is granted');
      },
    },
    {
      section: 18,
      title: 'a maxRate that is no number from 0.01 is an invalid_frame',
      run: async (wire) => {
        const client = await wire.connect();
        for (const maxRate of [0, -1, 0.009, '5', true, null, {}]) {
          const channel = wire.channel();
          isError(await client.ask({ type: 'subscribe', channel, maxRate }), 'invalid_frame');
        }
        await isAlive(client);
      },
    },
    {
      section: 18,
      title: 'a subscriber with a maxRate gets less, and the others everything',
      run: async (wire) => {
        const { alice, bob } = await two(wire);
        const channel = wire.channel();
        await subscribe(bob, channel, { maxRate: 0.02 });
        await subscribe(alice, channel);
        await publishAll(alice, channel, 1, 30);
        const all = await publications(alice, channel, 30);
        same(
          all.map(({ offset, conflated }) => [offset, conflated]),
          range(1, 30).map((offset) => [offset, undefined]),
        );
        // What waits goes before the frame that changes the rate.
        const changed = bob.ask({ type: 'subscribe', channel });
        const got = await follow(bob, channel, 0, 30);
        same(position(await changed), { ...position(await changed), offset: 30 });
        truthy(got.length < 30, 'something gave way');
        await publish(alice, channel, 31);
        same((await publications(bob, channel, 1))[0]?.['offset'], 31);
      },
    },
    {
      section: 18,
      title: 'what waits is sent before unsubscribed, and nothing after it',
      run: async (wire) => {
        const { alice, bob } = await two(wire);
        const channel = wire.channel();
        await subscribe(bob, channel, { maxRate: 0.01 });
        await publishAll(alice, channel, 1, 10);
        bob.send({ type: 'unsubscribe', channel });
        const seen: Frame[] = [];
        while (seen.at(-1)?.type !== 'unsubscribed') {
          seen.push(await bob.next((frame) => isPublication(frame) || frame.type === 'unsubscribed'));
        }
        same(seen.at(-2)?.['offset'], 10);
        await publish(alice, channel, { n: 11 });
        await nothing(bob, isPublicationOf(channel));
      },
    },
    {
      section: 18,
      title: 'who joins while something waits gets what is published from then on',
      run: async (wire) => {
        const { alice, bob } = await two(wire);
        const channel = wire.channel();
        await subscribe(alice, channel, { maxRate: 0.01 });
        await publishAll(alice, channel, 1, 10);
        same(position(await subscribe(bob, channel, { maxRate: 0.01 })).offset, 10);
        await publish(alice, channel, { n: 11 });
        bob.send({ type: 'unsubscribe', channel });
        same((await publications(bob, channel, 1))[0]?.['offset'], 11);
      },
    },
  ];
}
