import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connectEvents, exchange, openSocket, until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { startServer } from '../support.ts';
import { type Answer, poll, post, send } from './support.ts';

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
