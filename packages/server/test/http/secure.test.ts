import { once } from 'node:events';
import { constants, type IncomingHttpHeaders } from 'node:http2';
import { request } from 'node:https';
import { until, within } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { key } from './api/support.ts';
import {
  ask,
  ca,
  ended,
  openSession,
  post,
  speakTls,
  startSecure,
  useCertificate,
} from './secure-support.ts';

useCertificate();

describe('one port with TLS', () => {
  it('speaks HTTP/2: the API, health and problems, none with headers of a connection', async () => {
    await using server = await startSecure();
    expect(server.httpUrl).toMatch(/^https:/);
    await using found = await openSession(server.httpUrl);
    const { session } = found;
    expect(session.alpnProtocol).toBe('h2');
    const published = await ask(session, post('/channels/room:a/messages'), '{"data":1}');
    expect(published).toMatchObject({ status: 200, text: expect.stringContaining('"offset":1') });
    const answers = [
      published,
      await ask(session, { ':path': '/healthz' }),
      await ask(session, { ':path': '/channels/room:a/history' }),
      await ask(session, { ':path': '/nothing' }),
      await ask(session, { ':path': '/ws' }),
      await ask(session, post('/batch'), 'no json'),
      await ask(session, { ...post('/batch'), 'content-type': 'text/plain' }, 'x'),
      await ask(session, post('/notifications'), `"${'x'.repeat(65_536)}"`),
      await ask(session, { ':path': '/channels', authorization: '' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 404, 426, 400, 415, 413, 401]);
    for (const { headers } of answers) {
      for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])
        expect(headers).not.toHaveProperty(name);
    }
  });

  it('speaks HTTP/1.1, and takes WebSockets there', async () => {
    await using server = await startSecure();
    expect(server.url).toMatch(/^wss:/);
    const answered = Promise.withResolvers<string>();
    const headers = { 'X-API-Key': key };
    request(`${server.httpUrl}/channels`, { ca, headers }, (response) => {
      answered.resolve(`${response.httpVersion} ${response.statusCode}`);
      response.resume();
    }).end();
    expect(await answered.promise).toBe('1.1 200');

    const socket = new WebSocket(server.url, { ca });
    const frames: string[] = [];
    const notified = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        frames.push(data.toString());
        if (frames.at(-1)?.includes('"notification"') === true) resolve();
      });
    });
    await within(once(socket, 'open'), () => 'a WebSocket over TLS');
    socket.send('{"type":"subscribe","channel":"notifications","id":1}');
    await within(once(socket, 'message'), () => 'welcome');
    while (!frames.some((frame) => frame.includes('"subscribed"'))) await once(socket, 'message');
    await using found = await openSession(server.httpUrl);
    expect((await ask(found.session, post('/notifications'), '{"text":"hi"}')).text).toBe('{"success":true}');
    await within(notified, () => 'the notification');
    expect(JSON.parse(frames.at(-1) ?? '')).toMatchObject({ type: 'notification', data: { text: 'hi' } });
    socket.terminate();
  });

  it('refuses an upgrade that is not for it, as without TLS', async () => {
    await using server = await startSecure();
    const socket = new WebSocket(`${server.url}/other`, { ca });
    const [, response] = (await within(once(socket, 'unexpected-response'), () => 'a refusal')) as [
      unknown,
      { statusCode: number },
    ];
    expect(response.statusCode).toBe(404);
    socket.on('error', () => undefined);
    socket.terminate();
  });

  it('knows this machine by :authority, and no other', async () => {
    await using server = await startSecure({ apiKeys: [] });
    await using found = await openSession(server.httpUrl);
    const status = async (authority: string) =>
      (await ask(found.session, { ':path': '/channels', ':authority': authority, authorization: '' })).status;
    expect(await status(`localhost:${server.port}`)).toBe(200);
    expect(await status('evil.example')).toBe(403);
  });

  it('speaks no TLS before 1.2', async () => {
    await using server = await startSecure();
    await expect(speakTls(server.port, { maxVersion: 'TLSv1.1' })).rejects.toThrow();
  });
});

describe('limits of HTTP/2', () => {
  it('tells how many streams and how large headers a connection may have', async () => {
    await using server = await startSecure();
    await using found = await openSession(server.httpUrl);
    expect(found.session.remoteSettings).toMatchObject({
      maxConcurrentStreams: 256,
      maxHeaderListSize: 24_576,
    });
  });

  it('ends a connection that opens and resets streams without end', async () => {
    await using server = await startSecure();
    await using found = await openSession(server.httpUrl);
    const { session, goaway } = found;
    const closed = new Promise((resolve) => session.once('close', resolve));
    let opened = 0;
    while (!session.closed && !session.destroyed && opened < 10_000) {
      const streams = Array.from({ length: 50 }, () => session.request({ ':path': '/healthz' }));
      opened += streams.length;
      for (const stream of streams) stream.on('error', () => undefined);
      // The requests have to be on their way before they are taken back.
      await new Promise((resolve) => setImmediate(resolve));
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await within(closed, () => 'the end of the connection');
    expect(opened).toBeLessThan(10_000);
    expect(await goaway).not.toBe(constants.NGHTTP2_NO_ERROR);
    // Others notice nothing.
    await using other = await openSession(server.httpUrl);
    expect((await ask(other.session, { ':path': '/healthz' })).status).toBe(200);
  });

  it('answers too many headers with 431, and does not read on where there are far too many', async () => {
    await using server = await startSecure();
    await using found = await openSession(server.httpUrl);
    const headers = (count: number, length = 1) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, 'x'.repeat(length)]));
    expect((await ask(found.session, { ':path': '/healthz', ...headers(63) })).status).toBe(200);
    expect((await ask(found.session, { ':path': '/healthz', ...headers(65) })).status).toBe(431);
    expect((await ask(found.session, { ':path': '/healthz', ...headers(20, 500) })).status).toBe(431);
    const stream = found.session.request({ ':path': '/healthz', ...headers(500) });
    expect(await ended(stream)).not.toBe(constants.NGHTTP2_NO_ERROR);
  });

  it('gives up a body that trickles', async () => {
    await using server = await startSecure({}, { headersSeconds: 0.1, requestSeconds: 0.2 });
    await using found = await openSession(server.httpUrl);
    const stream = found.session.request({ ...post('/notifications'), 'x-api-key': key });
    stream.write('{');
    expect(await ended(stream)).toBe(constants.NGHTTP2_CANCEL);
  });

  it('gives up a connection that never asks for anything', async () => {
    await using server = await startSecure({}, { headersSeconds: 0.1 });
    await using found = await openSession(server.httpUrl);
    await within(once(found.session, 'close'), () => 'the end of the connection');
    const silent = await speakTls(server.port, { ALPNProtocols: ['h2'] });
    silent.on('error', () => undefined).resume();
    await within(once(silent, 'close'), () => 'the end of a connection without a preface');
  });

  it('gives up a request of HTTP/1.1 whose headers trickle', async () => {
    await using server = await startSecure({}, { headersSeconds: 0.1 });
    const socket = await speakTls(server.port, { ALPNProtocols: ['http/1.1'] });
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toContain('408 Request Timeout');
  });
});

describe('the end of a server with TLS', () => {
  it('is told with GOAWAY; what has begun is finished, and new connections are not taken', async () => {
    await using server = await startSecure();
    await using found = await openSession(server.httpUrl);
    const { session, goaway } = found;
    const stream = session.request({ ...post('/notifications'), 'x-api-key': key });
    const answered = once(stream, 'response') as Promise<[IncomingHttpHeaders]>;
    stream.write('{"text":');
    // The request has begun on the server once something later was answered.
    await ask(session, { ':path': '/healthz' });
    const socket = new WebSocket(server.url, { ca });
    const reconnect = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => data.includes('"reconnect"') && resolve());
    });
    await within(once(socket, 'message'), () => 'welcome');
    const closed = server.close(2000);
    await within(reconnect, () => 'the drain');
    expect(await within(goaway, () => 'GOAWAY')).toBe(constants.NGHTTP2_NO_ERROR);
    stream.end('"hi"}');
    const [headers] = await within(answered, () => 'the answer');
    expect(headers[':status']).toBe(200);
    await expect(openSession(server.httpUrl)).rejects.toThrow();
    await closed;
  });

  it('lets event streams finish: each hears what was published, and that it is over', async () => {
    await using server = await startSecure();
    await using found = await openSession(server.httpUrl);
    const { session, goaway } = found;
    const texts = Array.from({ length: 20 }, () => '');
    const streams = texts.map((_, index) => {
      const stream = session.request({ ':path': '/events', accept: 'text/event-stream' });
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        texts[index] += chunk;
      });
      return stream;
    });
    const ends = streams.map((stream) => ended(stream));
    await until(
      () => texts.every((text) => text.includes('event: thrum:subscribed')),
      'every stream being subscribed',
    );
    await server.app.publish('notifications', 'notification', { last: true });
    const closed = server.close(500);
    expect(await within(goaway, () => 'GOAWAY')).toBe(constants.NGHTTP2_NO_ERROR);
    expect(await Promise.all(ends)).toEqual(streams.map(() => constants.NGHTTP2_NO_ERROR));
    for (const text of texts) {
      expect(text).toContain('data: {"last":true}');
      expect(text).toContain('event: thrum:closed');
      expect(text.endsWith('\n\n')).toBe(true);
    }
    await closed;
  });

  it('does not wait for those who hold on', async () => {
    await using server = await startSecure();
    await using found = await openSession(server.httpUrl);
    await ask(found.session, { ':path': '/healthz' });
    const idle = await speakTls(server.port, { ALPNProtocols: ['http/1.1'] });
    const silent = await speakTls(server.port, { ALPNProtocols: ['h2'] });
    for (const socket of [idle, silent]) socket.on('error', () => undefined).resume();
    const ends = [idle, silent].map((socket) => once(socket, 'close'));
    await within(server.close(0), () => 'the end of the server');
    await within(Promise.all(ends), () => 'the end of the connections');
  });
});
