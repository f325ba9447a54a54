import { errorInfo } from '@thrum/protocol';
import type { Frame, RawClient } from '@thrum/testkit';
import { isAlive, isError, same, truthy } from '../check.ts';
import type { WireContext } from '../context.ts';
import type { WireCase } from '../options.ts';

const leave = { type: 'unsubscribe', channel: 'wire:open:never-joined' };

/** What a flood may be made of. */
const floods: Readonly<Record<string, object | string>> = {
  'good frames': leave,
  pings: { type: 'ping' },
  'frames of an unknown type': { type: 'nonsense' },
  'frames without a type': {},
  'messages that are not JSON': 'not json',
};

export function rate(): readonly WireCase[] {
  return [
    {
      section: 13,
      title:
        'more than the rate and its burst gets rate_limited with a hint when to try again, and the connection stays',
      run: async (wire) => {
        const client = await wire.connect();
        const count = wire.limits.rate * 2 + 3;
        for (let id = 0; id < count; id += 1) client.send({ ...leave, id });
        const answers = await take(client, count);
        const refused = answers.filter(({ type }) => type === 'error');
        truthy(refused.length > 0 && refused.length < count, `${refused.length} of ${count} are refused`);
        for (const frame of refused) {
          isError(frame, 'rate_limited');
          truthy((frame['after'] as number) > 0, 'the error says after how many milliseconds');
          truthy(typeof frame['id'] === 'number', 'the error says which frame');
        }
        await recovered(client, refused.at(-1));
      },
    },
    {
      section: 13,
      title: 'what was refused was not done',
      run: async (wire) => {
        const client = await wire.connect();
        const channel = wire.channel();
        const count = wire.limits.rate * 2 + 3;
        for (let n = 0; n < count; n += 1) client.send({ type: 'message', channel, data: n, id: n });
        const answers = await take(client, count);
        const acknowledged = answers.flatMap(({ type, id }) => (type === 'ack' ? [id] : []));
        await recovered(
          client,
          answers.findLast(({ type }) => type === 'error'),
        );
        const reader = await wire.connect('bob');
        const { data } = await reader.ask({ type: 'history', channel });
        const kept = (data as { publications: readonly { data: unknown }[] }).publications.map(
          (one) => one.data,
        );
        same(kept, acknowledged);
      },
    },
    {
      section: 13,
      title: 'the limit is each connection’s own',
      run: async (wire) => {
        const [busy, quiet] = [await wire.connect('alice'), await wire.connect('alice')];
        for (let n = 0; n < wire.limits.rate * 3; n += 1) busy.send(leave);
        await busy.next('error');
        same((await quiet.ask(leave)).type, 'unsubscribed');
      },
    },
    ...Object.entries(floods).map(([title, frame]) => flooded(title, frame)),
  ];
}

function flooded(title: string, frame: object | string): WireCase {
  return {
    section: 12,
    title: `a flood of ${title} gets abuse and is closed with 4029 Rate limit exceeded`,
    run: async (wire: WireContext) => {
      const [client, other] = [await wire.connect('alice'), await wire.connect('bob')];
      const { rate, abuseFactor } = wire.limits;
      // Enough for any window of a second to be too much, however the server counts.
      for (let n = 0; n < rate * abuseFactor * 4; n += 1) client.send(frame);
      const isAbuse = ({ code }: Frame) => code === 'abuse';
      isError(await client.next(isAbuse), 'abuse');
      same(await client.closed(), errorInfo('abuse').close);
      await isAlive(other);
    },
  };
}

async function take(client: RawClient, count: number): Promise<Frame[]> {
  const answers: Frame[] = [];
  while (answers.length < count) answers.push(await client.take());
  return answers;
}

/** After the time that the error gave, the same frame succeeds. */
async function recovered(client: RawClient, error: Frame | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, (error?.['after'] as number) + 50));
  same((await client.ask(leave)).type, 'unsubscribed');
}
