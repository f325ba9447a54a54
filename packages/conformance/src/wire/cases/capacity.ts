import { type RawClient, until } from '@thrum/testkit';
import { closesWith, isAlive, same } from '../check.ts';
import type { WireContext } from '../context.ts';
import type { WireCase } from '../options.ts';

export function capacity(): readonly WireCase[] {
  return [
    {
      section: 9,
      title:
        'one connection too many gets server_at_capacity alone and 1008 Server at capacity; the others stay',
      run: async (wire) => {
        const clients = await fill(wire);
        const refused = await wire.dial({ headers: await authorized(wire) });
        await closesWith(refused, 'server_at_capacity');
        same(refused.frames.seen.length, 1);
        for (const client of clients) await isAlive(client);
      },
    },
    {
      section: 9,
      title: 'when one has left there is room again',
      run: async (wire) => {
        const [first] = await fill(wire);
        await first?.close();
        await until(async () => welcomed(wire), 'a new connection is welcome');
      },
    },
  ];
}

/** Takes every place. Connections of an earlier case may still be on their way out, so each is asked for until it is free. */
async function fill(wire: WireContext): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < wire.limits.connections) {
    await until(async () => {
      const client = await wire.dial({ headers: await authorized(wire) });
      if ((await client.take()).type !== 'welcome') return false;
      clients.push(client);
      return true;
    }, 'a place is free');
  }
  return clients;
}

async function welcomed(wire: WireContext): Promise<boolean> {
  const client = await wire.dial({ headers: await authorized(wire) });
  return (await client.take()).type === 'welcome';
}

async function authorized(wire: WireContext): Promise<Record<string, string>> {
  return { Authorization: `Bearer ${await wire.tokens.valid('alice')}` };
}
