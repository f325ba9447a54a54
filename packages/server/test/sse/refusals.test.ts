import { connectEvents, exchange, openSocket, until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { type Broker, createMemoryBroker, type ThrumDefinition } from '../../src/index.ts';
import { startServer } from '../support.ts';
import { dataOf, openStream, secret, seen, token } from './support.ts';

const channels: NonNullable<ThrumDefinition['channels']> = {
  'open:{x}': {},
  'alice:{x}': { authorize: ({ user }) => user.id === 'alice' },
};
const guarded: ThrumDefinition = { channels, auth: { secret } };

/** As a program asks that is no EventSource. */
async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url, { headers });
}

describe('a request for a stream', () => {
  it('without a token where one is needed, or with one that is refused, gets 401', async () => {
    await using server = await startServer(guarded);
    const url = `${server.httpUrl}/events?channel=open:a`;
    for (const request of [
      get(url),
      get(`${url}&token=nonsense`),
      get(url, { Authorization: 'Bearer nonsense' }),
      get(`${url}&token=${'x'.repeat(9000)}`),
      get(url, { Accept: 'text/event-stream' }),
    ]) {
      const response = await request;
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(response.headers.get('content-type')).toBe('application/problem+json');
    }
    expect(JSON.stringify(server.lines)).not.toContain('nonsense');
    expect(server.app.connections()).toEqual([]);
  });

  it('may bring its token in the header or in the URL', async () => {
    await using server = await startServer(guarded);
    const alice = await token('alice');
    const url = `${server.httpUrl}/events?channel=alice:a`;
    await using one = await openStream(url, 1, { Authorization: `Bearer ${alice}` });
    await using other = await openStream(`${url}&token=${alice}`, 1);
    await server.app.publish('alice:a', 'message', 1 as never);
    expect(await dataOf(one, 1)).toEqual([1]);
    expect(await dataOf(other, 1)).toEqual([1]);
    expect(server.app.connections().map(({ userId }) => userId)).toEqual(['alice', 'alice']);
    expect(JSON.stringify(server.lines)).not.toContain(alice);
  });

  it('for channels of which none is granted gets 403, the same for unknown and forbidden', async () => {
    await using server = await startServer(guarded);
    const query = `token=${await token('bob')}`;
    const answers = await Promise.all(
      ['alice:a', 'nowhere', 'user:alice'].map(async (channel) => {
        const response = await get(`${server.httpUrl}/events?channel=${channel}&${query}`);
        return [response.status, await response.text()];
      }),
    );
    expect(answers[0]?.[0]).toBe(403);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('of which some channels are granted gets those, and is told of the others', async () => {
    await using server = await startServer(guarded);
    const url = `${server.httpUrl}/events?channels=alice:a,open:a,nowhere&token=${await token('bob')}`;
    await using client = await openStream(url, 1);
    expect(await dataOf(client, 2, 'thrum:error')).toEqual(
      ['alice:a', 'nowhere'].map((channel) => ({
        code: 'access_denied',
        message: 'Access denied to channel',
        retry: false,
        channel,
      })),
    );
    await server.app.publish('alice:a', 'message', 'secret' as never);
    await server.app.publish('open:a', 'message', 1 as never);
    expect(await dataOf(client, 1)).toEqual([1]);
    expect(client.text).not.toContain('secret');
  });

  it.each([
    ['an empty name', 'channel='],
    ['a name with a line end', 'channel=a%0Ab'],
    ['a name with NUL', 'channel=a%00b'],
    ['a name of the protocol’s own', 'channel=thrum:x'],
    ['a name of 256 bytes', `channel=${'x'.repeat(256)}`],
    ['a list with an empty name', 'channels=a,,b'],
    ['too many channels', Array.from({ length: 101 }, (_, n) => `channel=open:${n}`).join('&')],
    ['since 0', 'channel=open:a&since=0'],
    ['since -1', 'channel=open:a&since=-1'],
    ['since 1e9', 'channel=open:a&since=1e9'],
    ['since another word', 'channel=open:a&since=oldest'],
    ['maxRate 0', 'channel=open:a&maxRate=0'],
    ['maxRate NaN', 'channel=open:a&maxRate=NaN'],
  ])('with %s gets 400', async (_, query) => {
    await using server = await startServer({ channels });
    const response = await get(`${server.httpUrl}/events?${query}`);
    expect(response.status).toBe(400);
    const { detail } = (await response.json()) as { readonly detail: string };
    expect(detail).toMatch(/^(channel|since|maxRate): expected /);
  });

  it('whose token has run out by the time it comes back gets 401', async () => {
    await using server = await startServer({
      channels,
      auth: (text) => {
        if (text === 'over') throw new Error('over');
        return { userId: text };
      },
    });
    await using client = await openStream(`${server.httpUrl}/events?channel=open:a&token=alice`, 1);
    const headers = { 'Last-Event-ID': client.lastId };
    expect((await get(`${server.httpUrl}/events?channel=open:a&token=over`, headers)).status).toBe(401);
  });

  it.each(['POST', 'PUT', 'DELETE', 'HEAD'])('by %s gets 405', async (method) => {
    await using server = await startServer({ channels });
    const response = await fetch(`${server.httpUrl}/events?channel=open:a`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, OPTIONS');
  });

  it('with more headers than the limit gets 431', async () => {
    await using server = await startServer({ channels });
    const socket = await openSocket(server.httpUrl);
    const many = Array.from({ length: 70 }, (_, n) => `X-${n}: y\r\n`).join('');
    const { status } = await exchange(
      socket,
      `GET /events?channel=open:a HTTP/1.1\r\nHost: x\r\n${many}\r\n`,
    );
    expect(status).toBe(431);
    socket.destroy();
  });
});

/** The memory broker with epochs as long as the protocol allows, another one for each channel. */
function withLongEpochs(): Broker {
  const inner = createMemoryBroker();
  const long = <T extends { readonly epoch?: string }>(channel: string, found: T): T => ({
    ...found,
    epoch: `${found.epoch}${channel}`.padEnd(64, 'x').slice(0, 64),
  });
  return {
    durable: false,
    publish: (channel, draft, options) => inner.publish(channel, draft, options),
    read: async (channel, options) => long(channel, await inner.read(channel, options)),
    subscribe: (channel, deliver) => inner.subscribe(channel, (each) => deliver(long(channel, each))),
    close: () => inner.close(),
  };
}

describe('a channel whose place does not fit into the id', () => {
  it('is left out, and named, while the others are resumed', async () => {
    const broker = withLongEpochs();
    await using server = await startServer({ channels, broker });
    const all = Array.from({ length: 60 }, (_, n) => `open:${n}`);
    const url = `${server.httpUrl}/events?channels=${all.join(',')}`;
    await using client = await openStream(url, 40);
    await until(() => client.events.seen.length === 61, 'every channel was answered');
    const refused = seen(client, 'thrum:error') as { readonly code: string; readonly channel: string }[];
    const joined = seen(client, 'thrum:subscribed') as {
      readonly channel: string;
      readonly recovered: boolean;
    }[];
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['channel_limit']));
    expect([...joined, ...refused].map(({ channel }) => channel)).toEqual(all);
    expect(client.lastId.length).toBeGreaterThan(4000);
    expect(client.lastId.length).toBeLessThanOrEqual(4096);
    await until(() => server.app.channels().length === joined.length, 'the others were left');
    client.close();
    await using again = await openStream(url, joined.length, { 'Last-Event-ID': client.lastId });
    expect(seen(again, 'thrum:subscribed')).toEqual(joined.map((each) => ({ ...each, recovered: true })));
    expect(seen(again, 'thrum:reset')).toEqual([]);
    await broker.close();
  });
});

describe('what passes by itself', () => {
  it('is a stream that says so and ends for an EventSource, and 503 for others', async () => {
    await using server = await startServer({ channels, limits: { connections: 1 } });
    const url = `${server.httpUrl}/events?channel=open:a`;
    await using _only = await openStream(url, 1);
    await using source = await connectEvents(url);
    expect(source.status).toBe(200);
    expect(await dataOf(source, 1, 'thrum:error')).toMatchObject([
      { code: 'server_at_capacity', retry: true },
    ]);
    await source.ended();
    expect(source.retry).toBeGreaterThanOrEqual(2000);
    const other = await get(url);
    expect(other.status).toBe(503);
    expect(Number(other.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('is a log that cannot be read', async () => {
    await using server = await startServer({
      channels,
      broker: {
        durable: false,
        publish: () => Promise.reject(new Error('down')),
        read: () => Promise.reject(new Error('down')),
        subscribe: () => ({ ready: Promise.resolve(), stop: () => undefined }) as never,
        close: () => Promise.resolve(),
      } as never,
    });
    await using client = await connectEvents(`${server.httpUrl}/events?channel=open:a`);
    expect(client.status).toBe(200);
    expect(await dataOf(client, 1, 'thrum:error')).toMatchObject([{ retry: true }]);
    await client.ended();
  });
});

describe('an id that is of no use', () => {
  it.each([
    ['that is no id', 'zzz'],
    ['of another server’s making', '42'],
    ['with spaces and quotes', `" or 1=1 --`],
    ['longer than 4 KiB', 'A'.repeat(5000)],
    ['of another list', undefined],
  ])('%s: every channel is begun anew and told so', async (_, given) => {
    await using server = await startServer({ channels });
    const url = `${server.httpUrl}/events?channels=open:a,open:b`;
    const before = await openStream(`${server.httpUrl}/events?channels=open:b,open:a`, 2);
    before.close();
    await server.app.publish('open:a', 'message', 'missed' as never);
    await using client = await openStream(url, 2, { 'Last-Event-ID': given ?? before.lastId });
    expect(seen(client, 'thrum:reset')).toMatchObject([{ channel: 'open:a' }, { channel: 'open:b' }]);
    await server.app.publish('open:a', 'message', 'next' as never);
    expect(await dataOf(client, 1)).toEqual(['next']);
  });

  it('stays the client’s until every reset is told, so that none is forgotten when it is cut off', async () => {
    await using server = await startServer({ channels });
    const url = `${server.httpUrl}/events?channels=open:a,open:b`;
    await using client = await openStream(url, 2, { 'Last-Event-ID': 'zzz' });
    const events = client.events.seen.map(({ event, id }) => [event, id !== '']);
    expect(events).toEqual([
      ['connected', false],
      ['thrum:reset', false],
      ['thrum:subscribed', false],
      ['thrum:reset', true],
      ['thrum:subscribed', true],
    ]);
  });

  it('of an epoch or a place that the log does not know begins that channel anew, and no other', async () => {
    await using server = await startServer({ channels: { 'few:{x}': { history: { size: 2 } } } });
    const url = `${server.httpUrl}/events?channels=few:a,few:b`;
    const client = await openStream(url, 2);
    client.close();
    for (const n of [1, 2, 3]) await server.app.publish('few:a', 'message', n as never);
    await server.app.publish('few:b', 'message', 'kept' as never);
    await using again = await openStream(url, 2, { 'Last-Event-ID': client.lastId });
    expect(await dataOf(again, 1)).toEqual(['kept']);
    expect(seen(again, 'thrum:reset')).toMatchObject([{ channel: 'few:a', position: { offset: 3 } }]);
    expect(seen(again, 'thrum:subscribed')).toMatchObject([{ recovered: false }, { recovered: true }]);
  });
});
