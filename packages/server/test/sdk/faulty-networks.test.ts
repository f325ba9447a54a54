import { type Client, type ClientOptions, createClient, type TransportName } from '@thrum/client';
import { type HttpFault, type HttpProxy, startHttpProxy, startProxy, until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { mintToken } from '../../src/index.ts';
import { startServer } from '../support.ts';

const transports: readonly TransportName[] = ['websocket', 'sse', 'longpoll'];
const secret = 'a secret of at least thirty-two bytes';
const limits = { rate: 10_000, abuseFactor: 1000 };
const channels = { 'room:{name}': { history: { size: 300 } } };

/** As a user: what an anonymous connection publishes is not known again on the next one. */
function connect(url: string, options: ClientOptions = {}): Client {
  const getToken = (): Promise<string> => mintToken({ secret, userId: 'ada' });
  return createClient(url, { getToken, backoff: { base: 20, max: 200 }, ...options });
}

/** What the client said and heard in a room, once. */
async function expectRoomWorks(client: Client): Promise<void> {
  const room = client.channel('room:a');
  const got: unknown[] = [];
  room.on('message', ({ data }) => got.push(data));
  await until(() => room.status === 'subscribed', 'it is subscribed');
  await Promise.all([1, 2, 3].map((n) => room.publish('message', n)));
  await until(() => got.length === 3, 'all came');
  expect(got).toEqual([1, 2, 3]);
}

describe('a network', () => {
  const cases: readonly (readonly [string, Partial<HttpProxy>, TransportName])[] = [
    ['that lets everything through', {}, 'websocket'],
    ['that refuses WebSockets', { upgrades: 'refuse' }, 'sse'],
    ['that never answers WebSockets', { upgrades: 'swallow' }, 'sse'],
    ['that refuses WebSockets and holds streams back', { upgrades: 'refuse', buffering: true }, 'longpoll'],
    [
      'that never answers WebSockets and holds streams back',
      { upgrades: 'swallow', buffering: true },
      'longpoll',
    ],
  ];
  it.each(cases)(
    '%s is crossed by what gets through',
    async (_, faults, transport) => {
      await using server = await startServer({ limits, channels, auth: { secret } });
      await using proxy = await startHttpProxy(server.httpUrl);
      Object.assign(proxy, faults);
      using client = connect(proxy.url);
      const states: string[] = [];
      client.onStateChange((state) => states.push(state));
      client.connect();
      await until(() => client.state === 'connected', 'it is connected', 10_000);
      expect(client.transport).toBe(transport);
      // One attempt, and no pause.
      expect(states).toEqual(['connecting', 'connected']);
      await expectRoomWorks(client);
      // What lost the race is not left behind.
      await until(() => server.app.connections().length === 1, 'one connection is left');
    },
    15_000,
  );

  it('that is down is dialed at the pace of the backoff, by nothing twice', async () => {
    await using server = await startServer({ limits, channels, auth: { secret } });
    await using proxy = await startHttpProxy(server.httpUrl);
    using client = connect(proxy.url, { backoff: { base: 50, max: 50, jitter: 0 } });
    client.connect();
    await until(() => client.state === 'connected', 'it is connected');
    proxy.upgrades = 'refuse';
    proxy.fault = () => 'lose request';
    let attempts = 0;
    client.onStateChange((_, { retryIn }) => {
      if (retryIn !== undefined) attempts += 1;
    });
    const before = proxy.requests.length;
    proxy.cut();
    await until(() => attempts === 10, 'it tried ten times', 10_000);
    const asked = proxy.requests.slice(before);
    // The first of the ten was the loss itself. Of nine, every third goes every way.
    expect(asked.filter((each) => each.startsWith('upgrade'))).toHaveLength(9);
    expect(asked.filter((each) => each.startsWith('GET'))).toHaveLength(3);
    expect(asked.filter((each) => each.startsWith('POST'))).toHaveLength(3);
    proxy.upgrades = 'pass';
    proxy.fault = () => undefined;
    await until(() => client.state === 'connected', 'it is back');
    expect(client.transport).toBe('websocket');
  }, 15_000);
});

/** Numbers that look thrown, and are the same each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe.each(transports)('over %s', (transport) => {
  it('each publish is in the log once and comes to each subscriber once, in order, whatever breaks', async () => {
    await using server = await startServer({ limits, channels, auth: { secret } });
    await using near = await startHttpProxy(server.httpUrl);
    await using far = await startHttpProxy(server.httpUrl);
    const options = { transports: [transport] };
    using writer = connect(near.url, { ...options, publishTimeout: 1000, queue: { maxCount: 1000 } });
    using reader = connect(far.url, options);
    using worker = connect(far.url, options);
    const read: unknown[] = [];
    const worked: unknown[] = [];
    const statuses: string[] = [];
    const room = reader.channel('room:a');
    room.on('message', ({ data }) => read.push(data));
    room.onStatus(({ type }) => statuses.push(type));
    const jobs = worker.channel('room:a', { ack: true });
    jobs.on('message', async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      worked.push(data);
    });
    await until(() => room.status === 'subscribed' && jobs.status === 'subscribed', 'they are subscribed');

    const roll = dice(20_261);
    const fault = (method: string): HttpFault | undefined => {
      const number = roll();
      if (method !== 'POST' || number > 0.3) return undefined;
      return number > 0.15 ? 'lose request' : 'lose answer';
    };
    near.fault = far.fault = fault;
    const all = Array.from({ length: 200 }, (_, n) => n + 1);
    const published: Promise<unknown>[] = [];
    for (const n of all) {
      published.push(writer.channel('room:a').publish('message', n));
      if (n % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      if (n % 40 === 0) near.cut();
      if (n % 50 === 0) far.cut();
    }
    near.fault = far.fault = () => undefined;
    await Promise.all(published);
    await until(() => read.length >= all.length && worked.length >= all.length, 'all came', 20_000);
    const log = await server.app.history('room:a', { limit: 300 });
    expect(log.publications.map(({ data }) => data)).toEqual(all);
    expect(read).toEqual(all);
    expect(worked).toEqual(all);
    expect(statuses).not.toContain('reset');
    expect(server.lines.filter(({ level }) => level === 'error')).toEqual([]);
  }, 60_000);

  it('a silent connection is noticed, and left for another', async () => {
    await using server = await startServer({ limits, channels, auth: { secret } });
    await using proxy = await startProxy(server.url);
    using client = connect(proxy.url, { transports: [transport], pingInterval: 100, pongTimeout: 200 });
    const room = client.channel('room:a');
    const got: unknown[] = [];
    room.on('message', ({ data }) => got.push(data));
    await until(() => room.status === 'subscribed', 'it is subscribed');
    let reason: unknown;
    client.onStateChange((state, info) => {
      if (state === 'reconnecting') reason ??= info.reason;
    });
    proxy.freeze('up', 'down');
    await until(() => reason !== undefined, 'it was noticed');
    expect(reason).toBe('Heartbeat timeout');
    await server.app.publish('room:a', 'message', 1);
    proxy.thaw();
    await until(() => got.length === 1, 'it has recovered');
    expect(room.status).toBe('recovered');
  });
});
