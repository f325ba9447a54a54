import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { until, within } from '@thrum/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ListenOptions, ThrumDefinition } from '../../src/index.ts';
import { writeDevCertificate } from '../../src/http/dev-certificate.ts';
import { startServer } from '../support.ts';
import { channels, key } from './api/support.ts';

let folder: string;
let ca: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thrum-tls-'));
  await writeDevCertificate(folder, false);
  ca = await readFile(join(folder, 'cert.pem'), 'utf8');
});
afterAll(() => rm(folder, { recursive: true }));

const tls = () => ({ cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') });

function startSecure(definition: ThrumDefinition = {}, options: ListenOptions = {}) {
  return startServer({ channels, apiKeys: key, ...definition }, { tls: tls(), ...options });
}

interface Session extends AsyncDisposable {
  readonly session: ClientHttp2Session;
  /** What the server said in GOAWAY, once it has. */
  readonly goaway: Promise<number>;
}

async function openSession(url: string): Promise<Session> {
  const session = connect(url, { ca });
  session.on('error', () => undefined);
  const goaway = once(session, 'goaway').then(([code]) => code as number);
  goaway.catch(() => undefined);
  await within(once(session, 'remoteSettings'), () => 'an HTTP/2 connection');
  const close = async () => {
    if (session.destroyed) return;
    const closed = once(session, 'close');
    session.destroy();
    await closed;
  };
  return { session, goaway, [Symbol.asyncDispose]: close };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string,
): Promise<Answer> {
  const stream = session.request(
    { authorization: `Bearer ${key}`, ...headers },
    { endStream: body === undefined },
  );
  const answered = once(stream, 'response') as Promise<[IncomingHttpHeaders]>;
  if (body !== undefined) stream.end(body);
  const [head] = await within(answered, () => 'an HTTP/2 response');
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
  return { status: Number(head[':status']), headers: head, text };
}

/** How a stream ended. */
async function ended(stream: ClientHttp2Stream): Promise<number> {
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.on('error', () => undefined).resume();
  await within(closed, () => 'the end of a stream');
  return stream.rstCode;
}

function speakTls(
  port: number,
  options: { ALPNProtocols?: string[]; maxVersion?: 'TLSv1.1' | 'TLSv1.2' } = {},
) {
  return new Promise<TLSSocket>((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca, ...options }, () => resolve(socket));
    socket.once('error', reject);
  });
}

const post = (path: string) => ({ ':method': 'POST', ':path': path, 'content-type': 'application/json' });

describe('a development certificate', () => {
  it('is for this machine, with a key that only its owner can read', async () => {
    expect((await stat(join(folder, 'key.pem'))).mode & 0o777).toBe(0o600);
    await using server = await startSecure();
    for (const host of ['localhost', '127.0.0.1']) {
      await using found = await openSession(`https://${host}:${server.port}`);
      expect(found.session.encrypted).toBe(true);
    }
    const socket = await speakTls(server.port);
    const { subjectaltname, asn1Curve } = socket.getPeerCertificate();
    expect({ subjectaltname, asn1Curve }).toEqual({
      subjectaltname: 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
      asn1Curve: 'prime256v1',
    });
    socket.destroy();
  });

  it('is not replaced unless that was asked for', async () => {
    const own = await mkdtemp(join(tmpdir(), 'thrum-tls-'));
    await using _own = { [Symbol.asyncDispose]: () => rm(own, { recursive: true }) };
    await writeDevCertificate(own, false);
    const before = await readFile(join(own, 'key.pem'), 'utf8');
    await expect(writeDevCertificate(own, false)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(join(own, 'key.pem'), 'utf8')).toBe(before);
    await writeDevCertificate(own, true);
    expect(await readFile(join(own, 'key.pem'), 'utf8')).not.toBe(before);
    expect((await stat(join(own, 'key.pem'))).mode & 0o777).toBe(0o600);
  });
});

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

describe('the certificate', () => {
  it('is read again when it was renewed; a pair that does not fit leaves the old one', async () => {
    const own = await mkdtemp(join(tmpdir(), 'thrum-tls-'));
    await using _own = { [Symbol.asyncDispose]: () => rm(own, { recursive: true }) };
    await writeDevCertificate(own, false);
    const files = { cert: join(own, 'cert.pem'), key: join(own, 'key.pem') };
    await using server = await startServer({ channels });
    const { app, lines } = server;
    const listening = await app.listen({ port: 0, tls: files });
    const serial = async () => {
      const socket = connectTls({ port: listening.port, host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const first = await serial();
    await listening.reloadCertificate();
    expect(await serial()).toBe(first);

    await copyFile(join(folder, 'cert.pem'), files.cert);
    await listening.reloadCertificate();
    expect(await serial()).toBe(first);
    expect(lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toContain(
      'the certificate was not renewed: the one before stays',
    );

    await copyFile(join(folder, 'key.pem'), files.key);
    await listening.reloadCertificate();
    expect(await serial()).not.toBe(first);
  });

  it('may be given as text', async () => {
    const [cert, privateKey] = await Promise.all(
      [tls().cert, tls().key].map((file) => readFile(file, 'utf8')),
    );
    await using server = await startSecure({}, { tls: { cert: cert ?? '', key: privateKey ?? '' } });
    await using found = await openSession(server.httpUrl);
    expect((await ask(found.session, { ':path': '/healthz' })).status).toBe(200);
  });

  it('that cannot be used is refused with what is wrong', async () => {
    const files = tls();
    await expect(startSecure({}, { tls: { ...files, cert: join(folder, 'none.pem') } })).rejects.toThrow(
      /^tls\.cert: expected PEM text or the path of a PEM file; .*none\.pem cannot be read \(ENOENT\)$/,
    );
    const other = await mkdtemp(join(tmpdir(), 'thrum-tls-'));
    await using _other = { [Symbol.asyncDispose]: () => rm(other, { recursive: true }) };
    await writeDevCertificate(other, false);
    await expect(startSecure({}, { tls: { ...files, key: join(other, 'key.pem') } })).rejects.toThrow(
      /^tls: the certificate and its key cannot be used: /,
    );
    const broken = join(other, 'broken.pem');
    await writeFile(broken, 'nothing');
    await expect(startSecure({}, { tls: { ...files, cert: broken } })).rejects.toThrow(/cannot be used/);
  });
});
