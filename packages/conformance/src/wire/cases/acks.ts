import { areInOrder, isAlive, isError, same } from '../check.ts';
import { nothing, publications, publish, publishMany, subscribe } from '../context.ts';
import type { WireCase } from '../options.ts';

export function acks(): readonly WireCase[] {
  return [
    {
      section: 7,
      title: 'ack: true on an ephemeral channel gets invalid_frame, and nothing was joined',
      run: async (wire) => {
        const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
        const channel = wire.channel('ephemeral');
        isError(await bob.ask({ type: 'subscribe', channel, ack: true }), 'invalid_frame');
        await publish(alice, channel, 1);
        await nothing(bob);
        await subscribe(bob, channel, { ack: false });
      },
    },
    {
      section: 2,
      title: 'an ack is never answered: neither a good one nor one for what was never sent',
      run: async (wire) => {
        const client = await wire.connect();
        const [channel, other] = [wire.channel(), wire.channel()];
        await subscribe(client, channel, { ack: true });
        await publish(client, channel, 1, { id: 'm-1' });
        await publications(client, channel, 1);
        const frames = [
          { type: 'ack', channel, offset: 1 },
          { type: 'ack', channel, offset: 1 },
          { type: 'ack', channel, offset: 0 },
          { type: 'ack', channel, offset: Number.MAX_SAFE_INTEGER },
          { type: 'ack', channel: other, offset: 1 },
          { type: 'ack', channel: wire.channel('private'), offset: 1 },
          { type: 'ack', id: 'm-1' },
          { type: 'ack', id: 'never-sent' },
          { type: 'ack', id: 0 },
          { type: 'ack', id: '__proto__' },
        ];
        for (const frame of frames) client.send(frame);
        await nothing(client);
        await isAlive(client);
      },
    },
    {
      section: 7,
      title: 'an acknowledged subscription gets the same frames as any other',
      run: async (wire) => {
        const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
        const channel = wire.channel();
        await subscribe(alice, channel);
        same((await subscribe(bob, channel, { ack: true }))['recovered'], false);
        await publishMany(alice, channel, 3);
        const [plain, acknowledged] = [
          await publications(alice, channel, 3),
          await publications(bob, channel, 3),
        ];
        same(acknowledged, plain);
        bob.send({ type: 'ack', channel, offset: 3 });
        await isAlive(bob);
      },
    },
    {
      section: 7,
      title: 'recovery and acknowledgement go together',
      run: async (wire) => {
        const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
        const channel = wire.channel();
        const top = await publishMany(alice, channel, 3);
        const since = { epoch: top.epoch, offset: 1 };
        same((await subscribe(bob, channel, { ack: true, since }))['recovered'], true);
        areInOrder(await publications(bob, channel, 2), 2, [2, 3]);
        bob.send({ type: 'ack', channel, offset: 3 });
        await isAlive(bob);
      },
    },
  ];
}
