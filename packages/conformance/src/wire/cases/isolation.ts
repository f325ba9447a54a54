import type { RawClient } from '@thrum/testkit';
import { areInOrder, isError, isPublicationOf, same, truthy } from '../check.ts';
import { nothing, publications, publish, subscribe, type WireContext } from '../context.ts';
import type { WireCase } from '../options.ts';

const secret = 'for-alice-alone';

/** Ways in which bob may try to reach what is alice's. */
const attempts: Readonly<Record<string, (channel: string) => object>> = {
  subscribe: (channel) => ({ type: 'subscribe', channel }),
  'subscribe from the beginning': (channel) => ({ type: 'subscribe', channel, since: { last: 300 } }),
  'subscribe with presence': (channel) => ({ type: 'subscribe', channel, presence: true }),
  'subscribe with acknowledgement': (channel) => ({ type: 'subscribe', channel, ack: true, since: 'latest' }),
  history: (channel) => ({ type: 'history', channel }),
  'history in reverse': (channel) => ({ type: 'history', channel, reverse: true, limit: 1 }),
  presence: (channel) => ({ type: 'presence', channel }),
  'presence with a state': (channel) => ({ type: 'presence', channel, state: 'here' }),
  message: (channel) => ({ type: 'message', channel, data: 'intruder', id: 'm-1' }),
};

export function isolation(): readonly WireCase[] {
  return [
    ...Object.entries(attempts).map(([title, frame]): WireCase => ({
      section: 9,
      title: `nobody gets at another’s channel by ${title}`,
      run: async (wire) => {
        const { alice, bob, channel } = await scene(wire);
        const answer = await bob.ask(frame(channel));
        isError(answer, 'access_denied', { channel });
        await sawNothing(alice, bob, channel, wire);
      },
    })),
    {
      section: 9,
      title: 'all attempts one after the other, and a right that another channel gives, do not help either',
      run: async (wire) => {
        const { alice, bob, channel } = await scene(wire);
        await subscribe(bob, wire.channel());
        for (const frame of Object.values(attempts)) bob.send(frame(channel));
        for (let n = 0; n < Object.keys(attempts).length; n += 1)
          isError(await bob.next('error'), 'access_denied');
        await sawNothing(alice, bob, channel, wire);
      },
    },
    {
      section: 9,
      title: 'whoever has the right gets it all, so that the cases above mean something',
      run: async (wire) => {
        const { channel } = await scene(wire);
        const again = await wire.connect('alice');
        await subscribe(again, channel, { since: { last: 300 } });
        areInOrder(await publications(again, channel, 1), 1, [secret]);
      },
    },
    {
      section: 9,
      title: 'an answer goes to who asked and to nobody else, though the ids are the same',
      run: async (wire) => {
        const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
        const ask = (client: RawClient, params: string) =>
          client.ask({ type: 'call', method: 'wire.echo', params, id: 'the same' });
        const [one, other] = await Promise.all([ask(alice, 'for alice'), ask(bob, 'for bob')]);
        same([one['data'], other['data']], ['for alice', 'for bob']);
        await nothing(alice);
        await nothing(bob);
      },
    },
  ];
}

async function scene(
  wire: WireContext,
): Promise<{ readonly alice: RawClient; readonly bob: RawClient; readonly channel: string }> {
  const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
  const channel = wire.channel('private');
  await subscribe(alice, channel, { presence: true });
  await publish(alice, channel, secret, { id: 'm-1' });
  await publications(alice, channel, 1);
  return { alice, bob, channel };
}

/** After the attempt alice publishes again: bob gets nothing of it, and alice notices nothing of bob. */
async function sawNothing(
  alice: RawClient,
  bob: RawClient,
  channel: string,
  wire: WireContext,
): Promise<void> {
  const shared = wire.channel();
  await subscribe(bob, shared);
  await publish(alice, channel, secret);
  await publish(alice, shared, 'in the open');
  areInOrder(await publications(bob, shared, 1), 1, ['in the open']);
  await nothing(bob, isPublicationOf(channel));
  truthy(!bob.texts.join().includes(secret), 'not a word of it reached bob');
  areInOrder(await publications(alice, channel, 1), 2, [secret]);
  await nothing(alice, ({ type }) => type === 'joined' || type === 'left');
}
