import { areInOrder, isAlive, isError, same } from '../check.ts';
import { publications, publish, subscribe } from '../context.ts';
import type { WireCase } from '../options.ts';

export function limits(): readonly WireCase[] {
  return [
    {
      section: 13,
      title: 'the 101st channel gets channel_limit, and leaving one makes room',
      run: async (wire) => {
        const client = await wire.connect();
        const channels = Array.from({ length: wire.limits.channels }, () => wire.channel());
        for (const channel of channels) await subscribe(client, channel);
        const [first = '', second = ''] = channels;
        const one = wire.channel();
        isError(await client.ask({ type: 'subscribe', channel: one, id: 'x' }), 'channel_limit', { id: 'x' });
        await subscribe(client, first, { presence: true });
        await client.ask({ type: 'unsubscribe', channel: second });
        await subscribe(client, one);
        isError(await client.ask({ type: 'subscribe', channel: second }), 'channel_limit');
        await publish(client, one, 'hi');
        areInOrder(await publications(client, one, 1), 1, ['hi']);
      },
    },
    {
      section: 13,
      title: 'refused subscribes do not count',
      run: async (wire) => {
        const client = await wire.connect('bob');
        for (let n = 0; n < wire.limits.channels; n += 1) {
          isError(await client.ask({ type: 'subscribe', channel: wire.channel('private') }), 'access_denied');
        }
        await subscribe(client, wire.channel());
      },
    },
    {
      section: 13,
      title: 'the limit is each connection’s own',
      run: async (wire) => {
        const [one, other] = [await wire.connect(), await wire.connect()];
        for (let n = 0; n < wire.limits.channels; n += 1) await subscribe(one, wire.channel());
        await subscribe(other, wire.channel());
      },
    },
    {
      section: 13,
      title: 'a message of exactly 65,536 bytes is read',
      run: async (wire) => {
        const client = await wire.connect();
        const { messageBytes } = wire.limits;
        const padded = (length: number) => ({ type: 'ping', id: 'full', pad: 'x'.repeat(length) });
        const half = Math.ceil(messageBytes / 2);
        // Nearly full: longer by a digit of a length would be too long.
        const frame = padded(half + messageBytes - wire.sizeOf(padded(half)));
        same(wire.sizeOf(frame), messageBytes);
        client.send(frame);
        same(await client.next('pong'), { type: 'pong', id: 'full' });
      },
    },
    {
      section: 13,
      title: 'one of 65,537 bytes closes with 1009 Message too big, and the user can come back',
      run: async (wire) => {
        const client = await wire.connect();
        client.send(`{"type":"ping","pad":"${'x'.repeat(wire.limits.messageBytes)}"}`);
        same(await client.closed(), { code: 1009, reason: 'Message too big' });
        await isAlive(await wire.connect());
      },
    },
    {
      section: 13,
      title: 'bytes count, not characters',
      run: async (wire) => {
        const client = await wire.connect();
        client.send(`{"type":"ping","pad":"${'é'.repeat(wire.limits.messageBytes / 2)}"}`);
        same((await client.closed()).code, 1009);
      },
    },
    {
      section: 4,
      title: 'large publications reach everybody whole',
      run: async (wire) => {
        const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
        const channel = wire.channel();
        await subscribe(bob, channel);
        const data = '漢'.repeat(20_000);
        for (let n = 0; n < 3; n += 1) await publish(alice, channel, data);
        areInOrder(await publications(bob, channel, 3), 1, [data, data, data]);
      },
    },
  ];
}
