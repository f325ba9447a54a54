import { until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { startServer } from '../support.ts';
import { type Answer, parsed, poll, post, send, type Server } from './support.ts';

/** Quick to notice that nobody polls. */
const quick = { pingSeconds: 0.2, deadSeconds: 0.5 };

/** Polls twice at once: when one of the two was answered, the other is held. */
async function holdOne(
  server: Server,
  names: Pick<Answer, 'session' | 'node'>,
): Promise<{ readonly held: Promise<Answer>; readonly answered: Answer }> {
  const polls = [1, 2].map(() => poll(server, { ...names, ack: 1 }));
  const first = await Promise.race(polls.map(async (each, index) => ({ index, answer: await each })));
  return { held: polls[1 - first.index] as Promise<Answer>, answered: first.answer };
}

const publishing = (data: unknown, id: string) => ({ type: 'message', channel: 'room:a', data, id });

describe('a session', () => {
  it('begins with a poll that names none, and is told its secret, its node and welcome', async () => {
    await using server = await startServer({ node: 'n1' });
    const [one, two] = [await poll(server), await poll(server)];
    expect(parsed(one)).toMatchObject([{ type: 'welcome', authentication: 'optional' }]);
    expect(one).toMatchObject({ node: 'n1', seq: 1 });
    expect(one.session).not.toBe(two.session);
    expect(Buffer.from(one.session, 'base64url').length * 8).toBeGreaterThanOrEqual(128);
    expect(server.app.connections().map(({ transport }) => transport)).toEqual(['longpoll', 'longpoll']);
    expect(JSON.stringify(server.lines)).not.toContain(one.session);
  });

  it('of which a POST is repeated handles it once', async () => {
    await using server = await startServer();
    const session = await poll(server);
    for (const _ of [1, 2, 3])
      expect(await send(server, session, 1, { type: 'subscribe', channel: 'room:a' })).toBe(204);
    // Without an id nothing but the number of the POST keeps this from being published twice.
    const frame = { type: 'message', channel: 'room:a', data: 1 };
    for (const _ of [1, 2]) expect(await send(server, session, 2, frame)).toBe(204);
    expect(await send(server, session, 1, frame)).toBe(204);
    const { publications } = await server.app.history('room:a');
    expect(publications.map(({ data }) => data)).toEqual([1]);
  });

  it('of which a POST is missing refuses those after it, and says which it waits for', async () => {
    await using server = await startServer();
    const session = await poll(server);
    const { session: name, node } = session;
    const frames = [JSON.stringify(publishing(2, 'm-2'))];
    const early = await post(server, 'send', { session: name, node, seq: 2, frames });
    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({ code: 'sequence_gap', expected: 1 });
    expect(await send(server, session, 1, publishing(1, 'm-1'))).toBe(204);
    expect(await send(server, session, 2, publishing(2, 'm-2'))).toBe(204);
    const { publications } = await server.app.history('room:a');
    expect(publications.map(({ data }) => data)).toEqual([1, 2]);
  });

  it('sends again what was not confirmed, so that a lost answer loses nothing', async () => {
    await using server = await startServer();
    const session = await poll(server);
    await send(server, session, 1, { type: 'subscribe', channel: 'room:a', id: 1 });
    const { session: name, node } = session;
    const first = await poll(server, { session: name, node, ack: 1 });
    expect(parsed(first)).toMatchObject([{ type: 'subscribed', id: 1 }]);
    await server.app.publish('room:a', 'message', 'x' as never);
    // This answer is lost: the client asks as before.
    const lost = await poll(server, { session: name, node, ack: 2 });
    const again = await poll(server, { session: name, node, ack: 2 });
    expect(again).toEqual(lost);
    expect(parsed(again)).toMatchObject([{ data: 'x' }]);
    await server.app.publish('room:a', 'message', 'y' as never);
    const more = await poll(server, { session: name, node, ack: 2 });
    expect(parsed(more)).toMatchObject([{ data: 'x' }, { data: 'y' }]);
    expect(more.seq).toBe(4);
    expect(await poll(server, { session: name, node, ack: 4, timeout: 0 })).toMatchObject({
      seq: 4,
      frames: [],
    });
  });

  it('answers a poll when there is something, and the earlier of two polls at once', async () => {
    await using server = await startServer();
    const { session, node } = await poll(server);
    const { held, answered } = await holdOne(server, { session, node });
    expect(answered).toMatchObject({ seq: 1, frames: [] });
    await post(server, 'send', { session, node, seq: 1, frames: ['{"type":"ping","id":7}'] });
    expect(parsed(await held)).toEqual([{ type: 'pong', id: 7 }]);
  });

  it('answers a poll with nothing when its time is over', async () => {
    await using server = await startServer({ limits: { pingSeconds: 0.2, deadSeconds: 5 } });
    const { session, node } = await poll(server);
    expect(await poll(server, { session, node, ack: 1, timeout: 50 })).toMatchObject({ seq: 1, frames: [] });
    // More than the server holds any poll for.
    expect(await poll(server, { session, node, ack: 1, timeout: 9_000_000 })).toMatchObject({ frames: [] });
  });

  it('that nobody polls is closed, and a poll that comes too late begins anew', async () => {
    await using server = await startServer({ limits: quick });
    const session = await poll(server);
    await until(() => server.app.connections().length === 0, 'the session was closed');
    const { session: name, node } = session;
    const late = await post(server, 'poll', { session: name, node, ack: 1 });
    expect(late.status).toBe(404);
    expect(await late.json()).toMatchObject({ code: 'unknown_session' });
    expect(await send(server, session, 1, { type: 'ping' })).toBe(404);
  });

  it('stays as long as it is polled', async () => {
    await using server = await startServer({ limits: quick });
    const { session, node } = await poll(server);
    for (let n = 0; n < 6; n += 1) await poll(server, { session, node, ack: 1 });
    expect(server.app.connections()).toHaveLength(1);
  });

  it('that ends by its own wish leaves at once, and says goodbye on the way down', async () => {
    await using server = await startServer();
    const { session, node } = await poll(server);
    const held = poll(server, { session, node, ack: 1 });
    await post(server, 'send', { session, node, seq: 1, frames: [], close: true });
    expect((await held).close).toEqual({ code: 1000, reason: '' });
    expect(server.app.connections()).toEqual([]);
  });

  it('that the server closed says so until it is confirmed', async () => {
    await using server = await startServer();
    const first = await poll(server);
    const { session, node } = first;
    await send(server, first, 1, { type: 'auth', token: 'nonsense' });
    await until(() => server.app.connections().length === 0, 'it was closed');
    const close = { code: 1008, reason: 'Invalid token' };
    for (const _ of [1, 2]) {
      const answer = await poll(server, { session, node, ack: 1 });
      expect(parsed(answer)).toMatchObject([{ type: 'error', code: 'invalid_token' }]);
      expect(answer.close).toEqual(close);
    }
    expect(await poll(server, { session, node, ack: 2 })).toMatchObject({ frames: [], close });
  });

  it('that is not polled costs no more than its outbox', async () => {
    await using server = await startServer({ limits: { outboxBytes: 100_000 } });
    const session = await poll(server);
    await send(server, session, 1, { type: 'subscribe', channel: 'room:a' });
    let most = 0;
    for (let n = 0; n < 100; n += 1) {
      await server.app.publish('room:a', 'message', 'x'.repeat(4000) as never);
      await new Promise((resolve) => setImmediate(resolve));
      for (const { bufferedBytes } of server.app.connections()) most = Math.max(most, bufferedBytes);
    }
    expect(most).toBeGreaterThan(65_536);
    expect(most).toBeLessThanOrEqual(100_000);
    const { session: name, node } = session;
    const answer = await poll(server, { session: name, node, ack: 1 });
    expect(answer.close).toEqual({ code: 4008, reason: 'Slow consumer' });
    expect(parsed(answer).at(-1)).toMatchObject({ type: 'error', code: 'slow_consumer' });
  });

  it('whose poll is held is told when the server stops', async () => {
    const server = await startServer();
    const { session, node } = await poll(server);
    const { held } = await holdOne(server, { session, node });
    const closed = server.close(2000);
    expect(parsed(await held)).toMatchObject([{ type: 'reconnect', reason: 'Service restart' }]);
    await closed;
  });
});
