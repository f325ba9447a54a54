import { connectRaw, until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { verifyWebhook, type WebhookOptions } from '../../src/index.ts';
import { webhookEventTypes as all } from '../../src/webhooks/payloads.ts';
import { startServer } from '../support.ts';
import { dealtWith, secret, TestBackend } from './backend.ts';

type Server = Awaited<ReturnType<typeof startServer>>;

/** A server that tells the backend; every token is its own user. */
function telling(backend: TestBackend, webhooks: WebhookOptions = {}): Promise<Server> {
  return startServer({
    auth: { anonymous: true, authenticate: (token) => ({ userId: token }) },
    limits: { presenceGraceSeconds: 0.05 },
    webhooks: {
      eventsUrl: backend.url,
      secrets: [secret],
      batchSeconds: 0.01,
      graceSeconds: 0.05,
      ...webhooks,
    },
  });
}

const connect = (server: Server, user: string): ReturnType<typeof connectRaw> =>
  connectRaw(`${server.url}?token=${user}`);

const told = (backend: TestBackend, count: number): Promise<void> =>
  until(() => backend.told.length >= count, `${count} events, got ${backend.told.join(', ')}`);

describe('events', () => {
  it('tell a user and a channel from the first to the last, in order, after the start of the node', async () => {
    await using backend = await TestBackend.start();
    await using server = await telling(backend);
    const ann = await connect(server, 'ann');
    const other = await connect(server, 'ann');
    await ann.ask({ type: 'subscribe', channel: 'room:a' });
    await other.ask({ type: 'subscribe', channel: 'room:a' });
    await ann.close();
    await until(() => server.app.connections().length === 1, 'one connection is left');
    await other.close();
    await told(backend, 5);
    expect(backend.told).toEqual([
      'node.started',
      'user.online ann',
      'channel.occupied room:a',
      'channel.vacated room:a',
      'user.offline ann',
    ]);
  });

  it('are signed, and carry what each is about', async () => {
    await using backend = await TestBackend.start();
    await using server = await telling(backend, { events: all });
    const ann = await connect(server, 'ann');
    await ann.ask({ type: 'subscribe', channel: 'room:a' });
    await ann.close(1000, 'bye');
    await told(backend, 9);
    for (const { headers, body } of backend.received.seen) verifyWebhook(headers, body, { secrets: secret });
    const user = { userId: 'ann' };
    const connection = { connectionId: expect.any(String), ...user, anonymous: false };
    const expected = [
      { type: 'node.started' },
      { type: 'user.online', ...user },
      { type: 'connection.opened', ...connection },
      { type: 'member.joined', channel: 'room:a', ...user },
      { type: 'channel.occupied', channel: 'room:a' },
      { type: 'connection.closed', ...connection, code: 1000, reason: 'bye' },
      { type: 'member.left', channel: 'room:a', ...user },
      { type: 'channel.vacated', channel: 'room:a' },
      { type: 'user.offline', ...user },
    ];
    expect(backend.events.slice(0, 6)).toEqual(
      expected.slice(0, 6).map((event) => ({ ...event, timestamp: expect.any(String) })),
    );
    const rest = backend.events.slice(6).map(({ type }) => type);
    expect(rest.toSorted()).toEqual(['channel.vacated', 'member.left', 'user.offline']);
    const times = backend.events.map(({ timestamp }) => Date.parse(timestamp));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('make no noise of somebody who is back within the grace', async () => {
    await using backend = await TestBackend.start();
    await using server = await telling(backend, { graceSeconds: 30 });
    for (let round = 0; round < 3; round += 1) {
      const ann = await connect(server, 'ann');
      await ann.ask({ type: 'subscribe', channel: 'room:a' });
      await ann.close();
      await until(() => server.app.connections().length === 0, 'nobody is left');
    }
    await using bob = await connect(server, 'bob');
    await bob.next('welcome');
    await told(backend, 4);
    expect(backend.told).toEqual([
      'node.started',
      'user.online ann',
      'channel.occupied room:a',
      'user.online bob',
    ]);
  });

  it('are those that were asked for, and none of anonymous users', async () => {
    await using backend = await TestBackend.start();
    await using server = await telling(backend, {
      events: ['user.offline', 'connection.opened'],
      graceSeconds: 0,
    });
    const guest = await connectRaw(server.url);
    await guest.next('welcome');
    await guest.close();
    const ann = await connect(server, 'ann');
    await ann.ask({ type: 'subscribe', channel: 'room:a' });
    await ann.close();
    await told(backend, 4);
    expect(backend.events.map(({ type }) => type)).toEqual([
      'node.started',
      'connection.opened',
      'connection.opened',
      'user.offline',
    ]);
    expect(backend.events[1]).toMatchObject({ anonymous: true });
  });

  it('leave the hooks of the application alone', async () => {
    await using backend = await TestBackend.start();
    const heard: string[] = [];
    await using server = await startServer({
      auth: { authenticate: (token) => ({ userId: token }) },
      webhooks: { eventsUrl: backend.url, secrets: [secret], batchSeconds: 0 },
      hooks: {
        online: ({ user }) => {
          heard.push(`online ${user.id}`);
          throw new Error('of the application');
        },
        message: ({ data }) => ({ data: `<${String(data)}>` }),
      },
    });
    await using ann = await connect(server, 'ann');
    await ann.ask({ type: 'subscribe', channel: 'room:a' });
    await ann.ask({ type: 'message', channel: 'room:a', data: 'x' });
    expect(await ann.next((frame) => frame['channel'] === 'room:a' && 'data' in frame)).toMatchObject({
      data: '<x>',
    });
    await told(backend, 3);
    expect(heard).toEqual(['online ann']);
    expect(server.lines).toContainEqual(expect.objectContaining({ message: 'the online hook failed' }));
  });

  it('of the end are told by a planned stop, without grace, before it is over', async () => {
    await using backend = await TestBackend.start();
    const server = await telling(backend, { graceSeconds: 600, batchSeconds: 60 });
    const ann = await connect(server, 'ann');
    await ann.ask({ type: 'subscribe', channel: 'room:a' });
    await server.close();
    expect(backend.told.toSorted()).toEqual(
      [
        'node.started',
        'user.online ann',
        'channel.occupied room:a',
        'channel.vacated room:a',
        'user.offline ann',
      ].toSorted(),
    );
    await until(() => backend.sockets.size === 0, 'no connection to the backend is left');
  });

  it('do not hold up a stop longer than its time when the backend hangs', async () => {
    await using backend = await TestBackend.start(() => dealtWith);
    const server = await telling(backend, { timeoutSeconds: 60 });
    await backend.next();
    await server.close();
    await until(() => backend.sockets.size === 0, 'no connection to the backend is left');
  });
});
