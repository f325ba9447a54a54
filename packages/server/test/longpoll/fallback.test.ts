import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connectEvents, exchange, openSocket, until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { startServer } from '../support.ts';

interface Answer {
  readonly session: string;
  readonly node: string;
  readonly seq: number;
  readonly frames: readonly string[];
  readonly close?: { readonly code: number; readonly reason: string };
}

type Server = Awaited<ReturnType<typeof startServer>>;

/** Quick to notice that nobody polls. */
const quick = { pingSeconds: 0.2, deadSeconds: 0.5 };

function post(
  server: Server,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${server.httpUrl}/connect/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function poll(server: Server, body: object = {}): Promise<Answer> {
  const response = await post(server, 'poll', body);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  return (await response.json()) as Answer;
}

function parsed({ frames }: Answer): Record<string, unknown>[] {
  return frames.map((frame) => JSON.parse(frame) as Record<string, unknown>);
}

async function send(
  server: Server,
  { session, node }: Answer,
  seq: number,
  ...frames: object[]
): Promise<number> {
  const texts = frames.map((frame) => JSON.stringify(frame));
  const { status } = await post(server, 'send', { session, node, seq, frames: texts });
  return status;
}

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

describe('a stream of frames', () => {
  it('brings its names first, then each frame as it is on a WebSocket', async () => {
    await using server = await startServer();
    await using stream = await connectEvents(`${server.httpUrl}/connect/sse`);
    expect(stream.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    const opened = await stream.take();
    expect(opened.event).toBe('thrum:open');
    const names = JSON.parse(opened.data) as Answer;
    expect(JSON.parse((await stream.next('message')).data)).toMatchObject({ type: 'welcome' });
    expect(await send(server, names, 1, { type: 'ping', id: 'p' })).toBe(204);
    expect((await stream.next('message')).data).toBe('{"type":"pong","id":"p"}');
    expect((await post(server, 'poll', { session: names.session, ack: 0 })).status).toBe(404);
    stream.close();
    await until(() => server.app.connections().length === 0, 'it is gone');
    expect(await send(server, names, 2, { type: 'ping' })).toBe(404);
    expect(JSON.stringify(server.lines)).not.toContain(names.session);
  });
});

describe('a POST', () => {
  it('of another node’s session begins anew', async () => {
    await using server = await startServer({ node: 'n1' });
    const { session } = await poll(server);
    const { status } = await post(server, 'send', { session, node: 'n2', seq: 1, frames: [] });
    expect(status).toBe(404);
    const answer = await post(server, 'poll', { session, node: 'n2', ack: 1 });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      404,
      'unknown_session',
    ]);
  });

  it.each([
    ['send', 'nonsense', 400],
    ['send', '[]', 400],
    ['send', '{}', 400],
    ['send', { session: 'SESSION', seq: 0, frames: [] }, 400],
    ['send', { session: 'SESSION', seq: 1.5, frames: [] }, 400],
    ['send', { session: 'SESSION', seq: '1', frames: [] }, 400],
    ['send', { session: 'SESSION', seq: 1, frames: [{ type: 'ping' }] }, 400],
    ['send', { session: 'SESSION', seq: 1, frames: 'x' }, 400],
    ['send', { session: 'SESSION', seq: 1, frames: Array(257).fill('{}') }, 400],
    ['send', { session: 'SESSION', seq: 1, frames: [], close: 1 }, 400],
    ['send', { session: 'x'.repeat(256), seq: 1, frames: [] }, 400],
    ['send', { session: '__proto__', seq: 1, frames: [] }, 404],
    ['send', { session: 'SESSION', node: 7, seq: 1, frames: [] }, 400],
    ['poll', '[]', 400],
    ['poll', { session: 7 }, 400],
    ['poll', { session: 'SESSION', ack: -1 }, 400],
    ['poll', { session: 'SESSION', ack: 99 }, 400],
    ['poll', { session: 'SESSION', ack: 1, timeout: -1 }, 400],
    ['poll', { session: 'SESSION', ack: 1, timeout: 'soon' }, 400],
    ['poll', { session: 'constructor', ack: 0 }, 404],
  ])('to %s with %j gets %i, and the session stays', async (path, body, status) => {
    await using server = await startServer();
    const session = await poll(server);
    const text = (typeof body === 'string' ? body : JSON.stringify(body)).replace('SESSION', session.session);
    const response = await post(server, path, text);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const { code } = (await response.json()) as { readonly code: string };
    expect(code).toBe(status === 404 ? 'unknown_session' : 'invalid_request');
    expect(await send(server, session, 1, { type: 'ping' })).toBe(204);
  });

  it('that is no JSON, as a form of another page would be, gets 415', async () => {
    await using server = await startServer();
    const { session } = await poll(server);
    const body = JSON.stringify({ session, seq: 1, frames: [] });
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      expect((await post(server, 'send', body, { 'Content-Type': type })).status).toBe(415);
    }
  });

  it.each(['GET', 'PUT', 'DELETE'])('by %s is none: 405', async (method) => {
    await using server = await startServer();
    for (const path of ['send', 'poll']) {
      const response = await fetch(`${server.httpUrl}/connect/${path}`, { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    }
    expect((await post(server, 'sse', {})).status).toBe(405);
  });

  it('that is too large gets 413, whether it says so or not', async () => {
    await using server = await startServer({ limits: { messageBytes: 1024, outboxBytes: 65_536 } });
    const { session } = await poll(server);
    const frames = [`{"type":"ping","x":"${'x'.repeat(9000)}"}`];
    expect((await post(server, 'send', { session, seq: 1, frames })).status).toBe(413);
    const chunked = httpRequest(`${server.httpUrl}/connect/send`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' },
    });
    chunked.on('error', () => undefined);
    const answered = once(chunked, 'response');
    chunked.write('['.repeat(9000));
    const [response] = (await answered) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    chunked.destroy();
  });

  it('with a frame that is too large closes the session, as a message on a WebSocket does', async () => {
    await using server = await startServer({ limits: { messageBytes: 1024, outboxBytes: 65_536 } });
    const { session, node } = await poll(server);
    const frames = [`{"type":"ping","x":"${'é'.repeat(600)}"}`];
    const response = await post(server, 'send', { session, node, seq: 1, frames });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([413, 'too_large']);
    const { close } = await poll(server, { session, node, ack: 1 });
    expect(close).toEqual({ code: 1009, reason: 'Message too big' });
  });

  it('that is cut off in the middle is nothing that happened', async () => {
    await using server = await startServer();
    const session = await poll(server);
    const socket = await openSocket(server.httpUrl);
    socket.write(
      'POST /connect/send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"session":',
    );
    socket.destroy();
    expect(await send(server, session, 1, { type: 'ping' })).toBe(204);
    expect(server.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('with too many headers gets 431', async () => {
    await using server = await startServer();
    const socket = await openSocket(server.httpUrl);
    const many = Array.from({ length: 70 }, (_, n) => `X-${n}: y\r\n`).join('');
    const { status } = await exchange(socket, `POST /connect/poll HTTP/1.1\r\nHost: x\r\n${many}\r\n`);
    expect(status).toBe(431);
    socket.destroy();
  });
});
