import { connectRaw, type RawClient } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import type { ThrumDefinition, WebhookQuestion } from '../../src/index.ts';
import { startServer } from '../support.ts';
import { type Behaviour, closedPort, dealtWith, secret, TestBackend } from './backend.ts';

type Server = Awaited<ReturnType<typeof startServer>>;

/** A server whose backend is asked these questions. */
function ask(
  backend: TestBackend,
  questions: readonly WebhookQuestion[],
  definition: ThrumDefinition = {},
): Promise<Server> {
  const webhooks = { url: backend.url, ask: questions, secrets: [secret], ...definition.webhooks };
  return startServer({ ...definition, webhooks });
}

const connect = (server: Server, token: string): Promise<RawClient> =>
  connectRaw(`${server.url}?token=${token}`);

/** Answers each question as its function says, and allows what there is none for. */
function answering(answers: Partial<Record<WebhookQuestion, Behaviour>>): Behaviour {
  return (received, response) => {
    const { type } = received.request;
    const answer = type === 'events' ? undefined : answers[type];
    return answer === undefined ? { allow: true, userId: 'ann' } : answer(received, response);
  };
}

describe('the connect webhook', () => {
  it('says who somebody is, and with what claims', async () => {
    await using backend = await TestBackend.start(
      answering({ connect: () => ({ allow: true, userId: 'ann', claims: { role: 'admin' }, unknown: 1 }) }),
    );
    const seen: unknown[] = [];
    await using server = await ask(backend, ['connect'], {
      hooks: { connect: ({ user }) => void seen.push(user) },
    });
    await using client = await connect(server, 'some-token');
    expect(await client.next('welcome')).toMatchObject({ userId: 'ann', authentication: 'done' });
    expect(seen).toEqual([{ id: 'ann', anonymous: false, claims: { role: 'admin' } }]);
    const { method, url, headers, request } = await backend.next();
    expect({ method, url, type: headers['content-type'] }).toEqual({
      method: 'POST',
      url: '/hooks',
      type: 'application/json',
    });
    expect(request).toEqual({
      type: 'connect',
      timestamp: expect.any(String),
      data: { token: 'some-token' },
    });
  });

  it('takes a user id that is a number, as a token check does', async () => {
    await using backend = await TestBackend.start(() => ({ allow: true, userId: 7 }));
    await using server = await ask(backend, ['connect']);
    await using client = await connect(server, 'x');
    expect(await client.next('welcome')).toMatchObject({ userId: '7' });
  });

  it('ends the session when it says', async () => {
    await using backend = await TestBackend.start(() => ({
      allow: true,
      userId: 'ann',
      expiresAt: Date.now() + 300,
    }));
    await using server = await ask(backend, ['connect']);
    const client = await connect(server, 'x');
    await client.next('welcome');
    expect(await client.closed()).toEqual({ code: 1008, reason: 'Session expired' });
  });

  it('refuses for good', async () => {
    await using backend = await TestBackend.start(() => ({ allow: false }));
    await using server = await ask(backend, ['connect']);
    const client = await connect(server, 'x');
    expect(await client.next('error')).toMatchObject({ code: 'invalid_token', retry: false });
    expect(await client.closed()).toEqual({ code: 1008, reason: 'Invalid token' });
  });

  it('is asked for a token that comes in a frame too', async () => {
    await using backend = await TestBackend.start(() => ({ allow: true, userId: 'ann' }));
    await using server = await ask(backend, ['connect']);
    await using client = await connectRaw(server.url);
    expect(await client.ask({ type: 'auth', token: 'x' })).toMatchObject({
      type: 'auth_success',
      userId: 'ann',
    });
  });

  it('lets nobody in without a token, unless anonymous is on', async () => {
    await using backend = await TestBackend.start(() => ({ allow: true, userId: 'ann' }));
    await using server = await ask(backend, ['connect']);
    await using stranger = await connectRaw(server.url);
    expect(await stranger.next('welcome')).toMatchObject({ authentication: 'required' });
    await using open = await ask(backend, ['connect'], { auth: { anonymous: true } });
    await using guest = await connectRaw(open.url);
    expect(await guest.next('welcome')).toMatchObject({ authentication: 'optional' });
    expect(backend.received.seen).toEqual([]);
  });

  it.each<[string, Behaviour]>([
    ['nothing in time', () => dealtWith],
    ['an error', (_, response) => (response.writeHead(500).end(), dealtWith)],
    ['a redirect', (_, response) => (response.writeHead(302, { location: '/elsewhere' }).end(), dealtWith)],
    ['no JSON', (_, response) => (response.end('<html>'), dealtWith)],
    ['JSON of another kind', () => ['allow']],
    ['no allow', () => ({ userId: 'ann' })],
    ['an allow that is a text', () => ({ allow: 'true', userId: 'ann' })],
    ['nobody', () => ({ allow: true })],
    ['a user who could not be one', () => ({ allow: true, userId: 'a\u0000' })],
    ['claims that are a list', () => ({ allow: true, userId: 'ann', claims: [] })],
    ['an end in seconds', () => ({ allow: true, userId: 'ann', expiresAt: 1_900_000_000 })],
  ])('that answers %s leaves the client to try again (1013)', async (_, behave) => {
    await using backend = await TestBackend.start(behave);
    await using server = await ask(backend, ['connect'], {
      webhooks: { url: backend.url, ask: ['connect'], secrets: [secret], timeoutSeconds: 0.2 },
    });
    const client = await connect(server, 'x');
    expect(await client.next('error')).toMatchObject({ code: 'unavailable', retry: true });
    expect(await client.closed()).toMatchObject({ code: 1013 });
    // Once: a redirect was not followed, and nothing was tried again.
    expect(backend.received.seen).toHaveLength(1);
    expect(JSON.stringify(server.lines)).not.toContain(secret);
  });

  it('that is not there does the same, before the client runs out of time', async () => {
    const port = await closedPort();
    await using server = await startServer({
      webhooks: { connectUrl: `http://127.0.0.1:${port}/`, secrets: [secret] },
    });
    const client = await connect(server, 'x');
    expect(await client.closed()).toMatchObject({ code: 1013 });
  });

  it('answers within the time that a client has, whatever its own would be', async () => {
    await using backend = await TestBackend.start(() => dealtWith);
    await using server = await ask(backend, ['connect'], { limits: { authSeconds: 0.5 } });
    const client = await connect(server, 'x');
    expect(await client.next('error')).toMatchObject({ code: 'unavailable' });
    expect(await client.closed()).toMatchObject({ code: 1013 });
  });
});

describe('the subscribe webhook', () => {
  const subscribe = (client: RawClient, channel: string): ReturnType<RawClient['ask']> =>
    client.ask({ type: 'subscribe', channel });

  it('is asked about user, channel and params, and decides', async () => {
    await using backend = await TestBackend.start(
      answering({
        subscribe: ({ request }) => ({
          allow: request.type === 'subscribe' && request.data.params['name'] === 'open',
        }),
      }),
    );
    await using server = await ask(backend, ['connect', 'subscribe']);
    await using client = await connect(server, 'x');
    expect(await subscribe(client, 'room:open')).toMatchObject({ type: 'subscribed' });
    expect(await subscribe(client, 'room:shut')).toMatchObject({ type: 'error', code: 'access_denied' });
    const asked = backend.received.seen.filter(({ request }) => request.type === 'subscribe');
    expect(asked[0]?.request.data).toEqual({
      action: 'subscribe',
      user: { id: 'ann', anonymous: false, claims: {} },
      channel: 'room:open',
      params: { name: 'open' },
    });
  });

  it('is asked before history and presence are read too', async () => {
    await using backend = await TestBackend.start(answering({ subscribe: () => ({ allow: false }) }));
    await using server = await ask(backend, ['connect', 'subscribe']);
    await using client = await connect(server, 'x');
    for (const type of ['history', 'presence']) {
      expect(await client.ask({ type, channel: 'room:a' })).toMatchObject({ code: 'access_denied' });
    }
    const actions = backend.received.seen.map(({ request }) =>
      request.type === 'subscribe' ? request.data.action : request.type,
    );
    expect(actions).toEqual(['connect', 'history', 'presence']);
  });

  it.each<[string, Behaviour]>([
    ['gives no answer', () => dealtWith],
    ['fails', (_, response) => (response.writeHead(500).end('{"allow":true}'), dealtWith)],
    ['answers too much', () => ({ allow: true, padding: 'x'.repeat(70_000) })],
    ['answers something else', () => ({ allow: 1 })],
    ['gives a wrong ttl', () => ({ allow: true, ttl: '60' })],
    [
      'redirects to who would allow',
      (_, response) => (response.writeHead(307, { location: '/' }).end(), dealtWith),
    ],
  ])('denies when it %s', async (_, behave) => {
    await using backend = await TestBackend.start(answering({ subscribe: behave }));
    await using server = await ask(backend, ['connect', 'subscribe'], {
      webhooks: { url: backend.url, ask: ['connect', 'subscribe'], secrets: [secret], timeoutSeconds: 0.3 },
    });
    await using client = await connect(server, 'x');
    expect(await subscribe(client, 'room:a')).toMatchObject({ code: 'access_denied' });
    expect(backend.received.seen).toHaveLength(2);
  });

  it('can only deny what the channel allows, never allow what it denies', async () => {
    await using backend = await TestBackend.start();
    await using server = await ask(backend, ['subscribe'], {
      channels: { 'shut:{name}': { authorize: () => false }, 'open:{name}': {} },
      hooks: { authorize: ({ channel }) => channel !== 'open:not' },
    });
    await using client = await connectRaw(server.url);
    expect(await subscribe(client, 'shut:a')).toMatchObject({ code: 'access_denied' });
    expect(await subscribe(client, 'open:not')).toMatchObject({ code: 'access_denied' });
    expect(await subscribe(client, 'open:a')).toMatchObject({ type: 'subscribed' });
    expect(backend.received.seen).toHaveLength(1);
  });
});

describe('the publish webhook', () => {
  const publish = (client: RawClient, event: string, channel = 'room:a'): ReturnType<RawClient['ask']> =>
    client.ask({ type: 'message', channel, event, data: 1 });

  it('is asked about the event, and decides', async () => {
    await using backend = await TestBackend.start(
      answering({
        publish: ({ request }) => ({ allow: request.type === 'publish' && request.data.event === 'hi' }),
      }),
    );
    await using server = await ask(backend, ['connect', 'publish']);
    await using client = await connect(server, 'x');
    expect(await publish(client, 'hi')).toMatchObject({ type: 'ack' });
    expect(await publish(client, 'shout')).toMatchObject({
      code: 'access_denied',
      message: 'Cannot send to channel',
    });
    expect(backend.received.seen[1]?.request.data).toMatchObject({ channel: 'room:a', event: 'hi' });
  });

  it('is not asked again while its answer holds, for this user, channel and event', async () => {
    await using backend = await TestBackend.start(
      answering({
        connect: ({ request }) => ({ allow: true, userId: request.type === 'connect' && request.data.token }),
        publish: () => ({ allow: true, ttl: 60 }),
      }),
    );
    await using server = await ask(backend, ['connect', 'publish']);
    await using ann = await connect(server, 'ann');
    await using bob = await connect(server, 'bob');
    const asked = async (...frames: readonly (() => Promise<unknown>)[]): Promise<number> => {
      const count = (): number =>
        backend.received.seen.filter(({ request }) => request.type === 'publish').length;
      const before = count();
      for (const send of frames) await send();
      return count() - before;
    };
    expect(
      await asked(
        () => publish(ann, 'hi'),
        () => publish(ann, 'hi'),
        () => publish(ann, 'hi'),
      ),
    ).toBe(1);
    expect(await asked(() => publish(ann, 'ho'))).toBe(1);
    expect(await asked(() => publish(ann, 'hi', 'room:b'))).toBe(1);
    expect(await asked(() => publish(bob, 'hi'))).toBe(1);
    expect(
      await asked(
        () => publish(bob, 'hi'),
        () => publish(ann, 'hi', 'room:b'),
      ),
    ).toBe(0);
  });

  it('is not let through by an answer that was given for other claims of the same user', async () => {
    await using backend = await TestBackend.start(
      answering({
        connect: ({ request }) => ({
          allow: true,
          userId: 'ann',
          claims: { role: request.type === 'connect' ? request.data.token : '' },
        }),
        publish: ({ request }) => ({
          allow: request.type === 'publish' && request.data.user.claims['role'] === 'admin',
          ttl: 60,
        }),
      }),
    );
    await using server = await ask(backend, ['connect', 'publish']);
    await using admin = await connect(server, 'admin');
    await using guest = await connect(server, 'guest');
    expect(await publish(admin, 'hi')).toMatchObject({ type: 'ack' });
    expect(await publish(guest, 'hi')).toMatchObject({ code: 'access_denied' });
  });

  it('is asked each time when the answer names no ttl, or remembering is off', async () => {
    await using backend = await TestBackend.start(answering({ publish: () => ({ allow: true }) }));
    await using server = await ask(backend, ['publish']);
    await using client = await connectRaw(server.url);
    await publish(client, 'hi');
    await publish(client, 'hi');
    expect(backend.received.seen).toHaveLength(2);
    backend.behave = () => ({ allow: true, ttl: 60 });
    await using forgetful = await ask(backend, ['publish'], {
      webhooks: { url: backend.url, ask: ['publish'], secrets: [secret], cacheSeconds: 0 },
    });
    await using other = await connectRaw(forgetful.url);
    await publish(other, 'hi');
    await publish(other, 'hi');
    expect(backend.received.seen).toHaveLength(4);
  });
});

describe('the validate webhook', () => {
  it('ends a session that is not good any more, and keeps one that it cannot tell of', async () => {
    await using backend = await TestBackend.start(
      answering({ validate: (_, response) => (response.writeHead(500).end(), dealtWith) }),
    );
    await using server = await ask(backend, ['connect', 'validate'], { limits: { validateSeconds: 0.1 } });
    const client = await connect(server, 'x');
    await client.next('welcome');
    for (let asked = 0; asked < 2; asked += 1) {
      await backend.received.next(({ request }) => request.type === 'validate');
    }
    await client.expectNothing('error');
    backend.behave = answering({ validate: () => ({ allow: false }) });
    expect(await client.closed()).toEqual({ code: 1008, reason: 'Session expired' });
  });

  it('works beside a check of tokens that is the server\u2019s own', async () => {
    await using backend = await TestBackend.start(() => ({ allow: false }));
    await using server = await ask(backend, ['validate'], {
      auth: { authenticate: (token) => ({ userId: token }) },
      limits: { validateSeconds: 0.1 },
    });
    const client = await connect(server, 'ann');
    expect(await client.closed()).toEqual({ code: 1008, reason: 'Session expired' });
    expect(backend.received.seen[0]?.request.data).toEqual({
      user: { id: 'ann', anonymous: false, claims: {} },
    });
  });
});
