import { VirtualEnv } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { connectRaw } from '@thrum/testkit';
import { Breaker } from '../../src/webhooks/breaker.ts';
import { Gate } from '../../src/webhooks/gate.ts';
import { startServer } from '../support.ts';
import { dealtWith, secret, TestBackend } from './backend.ts';

function breaker(env: VirtualEnv): { readonly breaker: Breaker; readonly states: string[] } {
  const states: string[] = [];
  return {
    states,
    breaker: new Breaker({ env, failures: 3, pause: 1000, changed: (state) => void states.push(state) }),
  };
}

describe('the breaker', () => {
  it('opens after so many failures in a row, and not before', () => {
    const { breaker: one, states } = breaker(new VirtualEnv());
    for (const failed of [true, true, false, true, true]) {
      if (failed) one.failed('ordinary');
      else one.answered();
    }
    expect(one.admit()).toBe('ordinary');
    one.failed('ordinary');
    expect(one.admit()).toBeUndefined();
    expect(states).toEqual(['open']);
  });

  it('lets one through after its pause, who decides for all', async () => {
    const env = new VirtualEnv();
    const { breaker: one, states } = breaker(env);
    for (let count = 0; count < 3; count += 1) one.failed('ordinary');
    await env.advance(999);
    expect(one.admit()).toBeUndefined();
    await env.advance(1);
    expect([one.admit(), one.admit()]).toEqual(['probe', undefined]);
    one.failed('probe');
    expect(one.admit()).toBeUndefined();
    await env.advance(1000);
    expect(one.admit()).toBe('probe');
    one.answered();
    expect([one.admit(), one.admit()]).toEqual(['ordinary', 'ordinary']);
    expect(states).toEqual(['open', 'probing', 'open', 'probing', 'closed']);
  });

  it('learns nothing from requests that were made before it opened', async () => {
    const env = new VirtualEnv();
    const { breaker: one } = breaker(env);
    for (let count = 0; count < 5; count += 1) one.failed('ordinary');
    one.answered();
    expect(one.admit()).toBeUndefined();
  });
});

describe('the gate', () => {
  it('lets so many in and so many wait, in order, each for its time', async () => {
    const env = new VirtualEnv();
    const gate = new Gate(env, { places: 1, seats: 2 });
    const order: string[] = [];
    const enter = (name: string): Promise<void> => gate.enter(100).then(() => void order.push(name));
    await enter('first');
    const second = enter('second');
    const third = enter('third');
    await expect(enter('fourth')).rejects.toMatchObject({ message: '2 questions are waiting already' });
    gate.leave();
    await second;
    const late = expect(third).rejects.toMatchObject({ message: 'had no place in time' });
    await env.advance(100);
    await late;
    gate.leave();
    await enter('fifth');
    expect(order).toEqual(['first', 'second', 'fifth']);
    expect(env.pending).toBe(0);
  });
});

describe('a backend that is dead', () => {
  it('is left alone by everybody, and asked again by one; nobody else waits', async () => {
    await using backend = await TestBackend.start(() => dealtWith);
    await using server = await startServer({
      webhooks: {
        subscribeUrl: backend.url,
        secrets: [secret],
        timeoutSeconds: 0.2,
        breakerFailures: 1,
        breakerSeconds: 0.5,
        concurrency: 2,
      },
    });
    const clients = await Promise.all(Array.from({ length: 8 }, () => connectRaw(server.url)));
    const subscribe = (): Promise<unknown[]> =>
      Promise.all(clients.map((client) => client.ask({ type: 'subscribe', channel: 'room:a' })));
    for (const answer of await subscribe()) expect(answer).toMatchObject({ code: 'access_denied' });
    // Two had a place; when one had failed, those that waited were told at once.
    expect(backend.received.seen).toHaveLength(2);
    for (const answer of await subscribe()) expect(answer).toMatchObject({ code: 'access_denied' });
    expect(backend.received.seen).toHaveLength(2);
    backend.behave = () => ({ allow: true });
    const [first, second] = clients;
    const asksUntil = async (type: string): Promise<void> => {
      for (;;) if ((await first?.ask({ type: 'subscribe', channel: 'room:a' }))?.type === type) return;
    };
    await asksUntil('subscribed');
    expect(await second?.ask({ type: 'subscribe', channel: 'room:a' })).toMatchObject({ type: 'subscribed' });
    expect(server.lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'a webhook backend does not answer and is left alone for a while',
        'a webhook backend answers again',
      ]),
    );
    await Promise.all(clients.map((client) => client.close()));
  });

  it('is not one that merely answers badly: nobody can shut the others out with a token that breaks it', async () => {
    await using backend = await TestBackend.start(({ request }, response) => {
      const isGood = request.type === 'connect' && request.data.token === 'good';
      if (isGood) return { allow: true, userId: 'ann' };
      response.writeHead(500).end();
      return dealtWith;
    });
    await using server = await startServer({
      webhooks: { connectUrl: backend.url, secrets: [secret], breakerFailures: 2 },
    });
    for (let count = 0; count < 6; count += 1) {
      const client = await connectRaw(`${server.url}?token=bad`);
      expect(await client.closed()).toMatchObject({ code: 1013 });
    }
    await using client = await connectRaw(`${server.url}?token=good`);
    expect(await client.next('welcome')).toMatchObject({ userId: 'ann' });
  });

  it('does not fill the log', async () => {
    await using backend = await TestBackend.start(
      (_, response) => (response.writeHead(500).end(), dealtWith),
    );
    await using server = await startServer({ webhooks: { publishUrl: backend.url, secrets: [secret] } });
    await using client = await connectRaw(server.url);
    for (let count = 0; count < 30; count += 1) {
      await client.ask({ type: 'message', channel: 'room:a', data: count });
    }
    const warnings = server.lines.filter(
      ({ level, message }) => /warn|error/.test(level) && message.includes('webhook'),
    );
    expect(warnings).toEqual([
      expect.objectContaining({
        message: 'the publish webhook gave no answer',
        fields: { host: new URL(backend.url).host, reason: 'answered with 500' },
      }),
    ]);
  });
});
