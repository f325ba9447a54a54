import type { EventClient } from '@thrum/testkit';
import { range, same, truthy } from '../check.ts';
import { publish, publishMany, type WireContext } from '../context.ts';
import type { WireCase, WireOptions } from '../options.ts';

export function events({ allowedOrigin }: WireOptions): readonly WireCase[] {
  return [
    ...format,
    ...rates,
    ...resuming,
    ...refusals,
    ...(allowedOrigin === undefined ? [] : origins(allowedOrigin)),
  ];
}

/** A stream that has joined all its channels. */
async function open(
  wire: WireContext,
  channels: readonly string[],
  request: Parameters<WireContext['events']>[1] = {},
): Promise<EventClient> {
  const stream = await wire.events(channels, request);
  same(stream.status, 200);
  for (const _ of channels) await stream.next('thrum:subscribed');
  return stream;
}

async function data(stream: EventClient, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  while (taken.length < count) taken.push(JSON.parse((await stream.next('message')).data));
  return taken;
}

function seen(stream: EventClient, event: string): Readonly<Record<string, unknown>>[] {
  const found = stream.events.seen.filter((each) => each.event === event);
  return found.map((each) => JSON.parse(each.data) as Readonly<Record<string, unknown>>);
}

const format: readonly WireCase[] = [
  {
    section: 16,
    title: 'a stream has its headers, and connected is its first event',
    run: async (wire) => {
      const channel = wire.channel();
      const stream = await wire.events([channel]);
      const { headers } = stream;
      same([headers['content-type'], headers['x-accel-buffering']], ['text/event-stream', 'no']);
      truthy(/\bno-cache\b/u.test(headers['cache-control'] ?? ''), 'it is not cached');
      const first = await stream.take();
      const { connectionId, ...rest } = JSON.parse(first.data) as Readonly<Record<string, unknown>>;
      same(first.event, 'connected');
      same(rest, { message: 'Connected to event stream', channels: [channel] });
      truthy(typeof connectionId === 'string', 'it has a connectionId');
      truthy(stream.retry !== undefined && stream.retry > 0, 'it has a retry');
    },
  },
  {
    section: 16,
    title: 'a publication is its event, its data and an id; a message has no event line',
    run: async (wire) => {
      const [alice, channel] = [await wire.connect('alice'), wire.channel()];
      const stream = await open(wire, [channel]);
      await publish(alice, channel, { text: 'a\nb\r\nc' }, { event: 'note' });
      await publish(alice, channel, 1);
      const note = await stream.next('note');
      same(JSON.parse(note.data), { text: 'a\nb\r\nc' });
      truthy(note.id !== '', 'it has an id');
      same(await data(stream, 1), [1]);
      truthy(!stream.text.includes('event: message'), 'message is the default');
    },
  },
  {
    section: 16,
    title: 'since=latest and since=n begin with the newest of each channel',
    run: async (wire) => {
      const [alice, channel] = [await wire.connect('alice'), wire.channel()];
      await publishMany(alice, channel, 5);
      same(await data(await open(wire, [channel], { query: '&since=latest' }), 1), [5]);
      same(await data(await open(wire, [channel], { query: '&since=3' }), 3), [3, 4, 5]);
    },
  },
];

const rates: readonly WireCase[] = [
  {
    section: 18,
    title: 'maxRate thins the events of a stream, which resumes with everything after the last of them',
    run: async (wire) => {
      const [alice, channel] = [await wire.connect('alice'), wire.channel()];
      const stream = await open(wire, [channel], { query: '&maxRate=0.011' });
      same(
        seen(stream, 'thrum:subscribed').map(({ maxRate }) => maxRate),
        [0.01],
      );
      await publish(alice, channel, 1);
      same(await data(stream, 1), [1]);
      const last = stream.events.seen.findLast(({ event }) => event === 'message')?.id;
      for (const n of range(2, 5)) await publish(alice, channel, n);
      same(
        await data(await open(wire, [channel], { headers: { 'Last-Event-ID': last ?? '' } }), 4),
        range(2, 5),
      );
      same(
        stream.events.seen.filter(({ event }) => event === 'message').map((event) => event.data),
        ['1'],
      );
    },
  },
  ...['0', '-1', '0.009', 'fast', '1e3'].map((rate): WireCase => ({
    section: 16,
    title: `maxRate=${rate} gets 400`,
    run: async (wire) =>
      same((await wire.events([wire.channel()], { query: `&maxRate=${rate}` })).status, 400),
  })),
];

const resuming: readonly WireCase[] = [
  {
    section: 16,
    title: 'with the id of any event a stream goes on after it, in each channel, without a hole or a repeat',
    run: async (wire) => {
      const [alice, channels] = [await wire.connect('alice'), [wire.channel(), wire.channel()]];
      const [one = '', two = ''] = channels;
      const stream = await open(wire, channels);
      await publishMany(alice, one, 5);
      await publishMany(alice, two, 5);
      await data(stream, 10);
      const messages = stream.events.seen.filter(({ event }) => event === 'message');
      for (const [index, { id }] of messages.entries()) {
        const again = await open(wire, channels, { headers: { 'Last-Event-ID': id } });
        const missed = [...range(1, 5), ...range(1, 5)].slice(index + 1);
        if (missed.length > 0) same(await data(again, missed.length), missed);
        same(seen(again, 'thrum:reset'), []);
        same(
          seen(again, 'thrum:subscribed').map(({ recovered }) => recovered),
          [true, true],
        );
      }
    },
  },
  {
    section: 16,
    title: 'lastEventId in the URL does what the header does',
    run: async (wire) => {
      const [alice, channel] = [await wire.connect('alice'), wire.channel()];
      const { lastId } = await open(wire, [channel]);
      await publishMany(alice, channel, 2);
      same(await data(await open(wire, [channel], { query: `&lastEventId=${lastId}` }), 2), [1, 2]);
    },
  },
  {
    section: 16,
    title: 'what the log has lost is told with a reset, and nothing of it is sent',
    run: async (wire) => {
      const [alice, channel] = [await wire.connect('alice'), wire.channel('few')];
      const { lastId } = await open(wire, [channel]);
      await publishMany(alice, channel, 10);
      const again = await open(wire, [channel], { headers: { 'Last-Event-ID': lastId } });
      same(
        seen(again, 'thrum:reset').map((reset) => reset['channel']),
        [channel],
      );
      await publish(alice, channel, 'next');
      same(await data(again, 1), ['next']);
    },
  },
  ...['zzz', '-1', 'AQ', `${'A'.repeat(4097)}`].map((id): WireCase => ({
    section: 16,
    title: `the id ${id.slice(0, 8)} of ${id.length} characters begins anew, with a reset for every channel`,
    run: async (wire) => {
      const channels = [wire.channel(), wire.channel()];
      const stream = await open(wire, channels, { headers: { 'Last-Event-ID': id } });
      same(
        seen(stream, 'thrum:reset').map(({ channel }) => channel),
        channels,
      );
    },
  })),
];

const refusals: readonly WireCase[] = [
  {
    section: 16,
    title: 'a stream of channels of which none is granted gets 403, the same for unknown and forbidden',
    run: async (wire) => {
      const [unknown, forbidden] = await Promise.all(
        (['undefined', 'private'] as const).map((kind) => wire.events([wire.channel(kind)], { user: 'bob' })),
      );
      await Promise.all([unknown?.ended(), forbidden?.ended()]);
      same([unknown?.status, forbidden?.status], [403, 403]);
      same(unknown?.text, forbidden?.text);
    },
  },
  {
    section: 16,
    title: 'another user’s id opens nothing, also beside a channel that is granted',
    run: async (wire) => {
      const alice = await wire.connect('alice');
      const channels = [wire.channel('private'), wire.channel()];
      const { lastId } = await open(wire, channels);
      await publish(alice, channels[0] ?? '', 'for-alice-alone');
      await publish(alice, channels[1] ?? '', 'for all');
      const stream = await wire.events(channels, { user: 'bob', headers: { 'Last-Event-ID': lastId } });
      same(await data(stream, 1), ['for all']);
      same(
        seen(stream, 'thrum:error').map(({ code }) => code),
        ['access_denied'],
      );
      truthy(!stream.text.includes('for-alice-alone'), 'not a word of it reached bob');
    },
  },
  {
    section: 16,
    title: 'no token, and a bad one, get 401',
    run: async (wire) => {
      const url = `${wire.httpUrl}/events?channel=${wire.channel()}`;
      for (const query of ['', '&token=nonsense']) {
        const response = await fetch(url + query);
        same([response.status, response.headers.get('www-authenticate')], [401, 'Bearer']);
      }
    },
  },
  ...['', 'thrum:x', 'a\nb', 'a\0b', 'x'.repeat(256)].map((name): WireCase => ({
    section: 16,
    title: `the channel name ${JSON.stringify(name).slice(0, 12)} gets 400`,
    run: async (wire) => same((await wire.events([name])).status, 400),
  })),
  {
    section: 16,
    title: 'one channel too many gets 400, and none is left out',
    run: async (wire) => {
      const channels = Array.from({ length: wire.limits.channels + 1 }, (_, n) => `wire:open:${n}`);
      same((await wire.events(channels)).status, 400);
    },
  },
];

function origins(allowed: string): readonly WireCase[] {
  return [
    {
      section: 16,
      title: 'an allowed origin is repeated exactly, with credentials; another gets 403 and nothing',
      run: async (wire) => {
        const good = await wire.events([wire.channel()], { headers: { Origin: allowed } });
        same(good.headers['access-control-allow-origin'], allowed);
        same(good.headers['access-control-allow-credentials'], 'true');
        const bad = await wire.events([wire.channel()], { headers: { Origin: `${allowed}.evil.example` } });
        same([bad.status, bad.headers['access-control-allow-origin']], [403, undefined]);
        for (const { headers } of [good, bad]) same(headers.vary, 'Origin');
      },
    },
  ];
}
