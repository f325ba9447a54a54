import { areInOrder, isError, isPublicationOf, position, range, same } from '../check.ts';
import { nothing, publications, publish, publishMany, subscribe } from '../context.ts';
import type { WireCase } from '../options.ts';

export function subscribing(): readonly WireCase[] {
  return [
    {
      section: 3,
      title: 'subscribed says where the stream begins: the next publication is offset + 1',
      run: async (wire) => {
        const client = await wire.connect();
        const channel = wire.channel();
        same(position(await subscribe(client, channel)).offset, 0);
        await publishMany(client, channel, 3);
        const late = await wire.connect('bob');
        const subscribed = await subscribe(late, channel);
        same(Object.keys(subscribed).sort(), ['channel', 'id', 'position', 'recovered', 'type']);
        same([position(subscribed).offset, subscribed['recovered']], [3, false]);
        const next = await publish(client, channel, 'next');
        areInOrder(await publications(late, channel, 1), 4, ['next']);
        same(position(next).epoch, position(subscribed).epoch);
      },
    },
    {
      section: 2,
      title: 'subscribe and publishes in one breath: subscribed comes first, then every publication',
      run: async (wire) => {
        const client = await wire.connect();
        const channel = wire.channel();
        client.send({ type: 'subscribe', channel });
        for (const n of range(1, 20)) client.send({ type: 'message', channel, data: n });
        const relevant = (frame: { readonly type: string }) => frame.type !== 'ack';
        same((await client.next(relevant)).type, 'subscribed');
        areInOrder(await publications(client, channel, 20), 1, range(1, 20));
      },
    },
    {
      section: 2,
      title:
        'a second subscribe does not make publications come twice, and answers with the current position',
      run: async (wire) => {
        const client = await wire.connect();
        const channel = wire.channel();
        await subscribe(client, channel);
        await publishMany(client, channel, 2);
        const again = await subscribe(client, channel);
        same([position(again).offset, again['recovered']], [2, false]);
        await publish(client, channel, 3);
        await publish(client, channel, 4);
        areInOrder(await publications(client, channel, 4), 1, [1, 2, 3, 4]);
        await nothing(client, isPublicationOf(channel));
      },
    },
    {
      section: 2,
      title: 'a second subscribe with since recovers again from there',
      run: async (wire) => {
        const client = await wire.connect();
        const channel = wire.channel();
        const { epoch } = position(await subscribe(client, channel));
        await publishMany(client, channel, 3);
        areInOrder(await publications(client, channel, 3), 1, [1, 2, 3]);
        const again = await subscribe(client, channel, { since: { epoch, offset: 1 } });
        same([again['recovered'], again['position']], [true, { epoch, offset: 1 }]);
        areInOrder(await publications(client, channel, 2), 2, [2, 3]);
        await publish(client, channel, 4);
        areInOrder(await publications(client, channel, 1), 4, [4]);
      },
    },
    {
      section: 2,
      title: 'after unsubscribed nothing of the channel follows, and other channels go on',
      run: async (wire) => {
        const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
        const [left, kept] = [wire.channel(), wire.channel()];
        await subscribe(bob, left);
        await subscribe(bob, kept);
        await publish(alice, left, 1);
        same(await bob.ask({ type: 'unsubscribe', channel: left, id: 'u' }), {
          type: 'unsubscribed',
          channel: left,
          id: 'u',
        });
        bob.frames.drain();
        await publish(alice, left, 2);
        await publish(alice, kept, 3);
        areInOrder(await publications(bob, kept, 1), 1, [3]);
        await nothing(bob, isPublicationOf(left));
      },
    },
    {
      section: 2,
      title: 'leaving a channel that was not joined is answered by unsubscribed as well',
      run: async (wire) => {
        const client = await wire.connect();
        for (const channel of [wire.channel(), wire.channel('private'), wire.channel('undefined')]) {
          same(await client.ask({ type: 'unsubscribe', channel, id: 1 }), {
            type: 'unsubscribed',
            channel,
            id: 1,
          });
        }
      },
    },
    {
      section: 2,
      title: 'who unsubscribed can subscribe again, from where they were',
      run: async (wire) => {
        const client = await wire.connect();
        const channel = wire.channel();
        const start = position(await subscribe(client, channel));
        await client.ask({ type: 'unsubscribe', channel });
        await publishMany(client, channel, 2);
        const again = await subscribe(client, channel, { since: start });
        same(again['recovered'], true);
        areInOrder(await publications(client, channel, 2), 1, [1, 2]);
      },
    },
    {
      section: 9,
      title: '“no such channel” and “you may not” are one answer, in subscribe, history and presence',
      run: async (wire) => {
        const bob = await wire.connect('bob');
        for (const type of ['subscribe', 'history', 'presence']) {
          const answers = [];
          for (const channel of [wire.channel('private'), wire.channel('undefined')]) {
            const answer = await bob.ask({ type, channel, id: 'x' });
            isError(answer, 'access_denied', { channel, id: 'x' });
            same(answer['message'], 'Access denied to channel');
            answers.push({ ...answer, channel: '' });
          }
          same(answers[0], answers[1]);
        }
      },
    },
    {
      section: 9,
      title: '“no such channel” and “you may not” are one answer in message',
      run: async (wire) => {
        const bob = await wire.connect('bob');
        for (const kind of ['private', 'undefined'] as const) {
          const channel = wire.channel(kind);
          const answer = await bob.ask({ type: 'message', channel, data: 1 });
          isError(answer, 'access_denied', { channel });
          same(answer['message'], 'Cannot send to channel');
        }
      },
    },
    {
      section: 1,
      title: 'one connection’s channels are kept apart',
      run: async (wire) => {
        const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
        const channels = range(1, 5).map(() => wire.channel());
        for (const channel of channels) await subscribe(bob, channel);
        await Promise.all(channels.map((channel, index) => publish(alice, channel, index)));
        for (const [index, channel] of channels.entries()) {
          areInOrder(await publications(bob, channel, 1), 1, [index]);
        }
        await nothing(bob);
      },
    },
  ];
}
