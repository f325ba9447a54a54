import { areInOrder, position, same, truthy } from '../check.ts';
import { publications, publish, publishMany, subscribe } from '../context.ts';
import { noticesDrops, type WireCase, type WireOptions } from '../options.ts';

export function restart(): readonly WireCase[] {
  const needs = (options: WireOptions): boolean => options.restart !== undefined;
  return [
    {
      section: 10,
      title: 'before a planned stop every connection is told to come back, then closed with 1001 or 1012',
      // Between two polls there is nobody to tell, and then nobody to ask any more.
      needs,
      applies: noticesDrops,
      run: async (wire) => {
        const clients = [await wire.connect('alice'), await wire.connect('bob')];
        const restarting = wire.options.restart?.();
        for (const client of clients) {
          const { after, reason, ...rest } = await client.next('reconnect', 60_000);
          same(rest, { type: 'reconnect' });
          truthy(Number.isInteger(after) && (after as number) >= 0, 'after is in milliseconds');
          same(typeof reason, 'string');
          const closed = await client.closed(60_000);
          truthy(closed.code === 1001 || closed.code === 1012, `closed with ${closed.code}`);
        }
        await restarting;
      },
    },
    {
      section: 6,
      title:
        'after it a position is recovered whole or not at all, and an epoch that is the same means the same log',
      needs,
      run: async (wire) => {
        const channel = wire.channel();
        const top = await publishMany(await wire.connect('alice'), channel, 5);
        await wire.options.restart?.();
        const client = await wire.connect('bob');
        const since = { epoch: top.epoch, offset: 2 };
        const subscribed = await subscribe(client, channel, { since });
        if (subscribed['recovered'] === true)
          areInOrder(await publications(client, channel, 3), 3, [3, 4, 5]);
        else truthy(position(subscribed).epoch !== top.epoch, 'a log that was lost has another epoch');
        await publish(await wire.connect('alice'), channel, 'after');
        same((await client.next('message'))['data'], 'after');
      },
    },
  ];
}
