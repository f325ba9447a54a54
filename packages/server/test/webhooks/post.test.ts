import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { closedPort, dealtWith, TestBackend } from './backend.ts';
import { post, posterFor } from './posting.ts';

/** Sends a byte every few milliseconds, for as long as anybody takes them. */
function drip(response: ServerResponse): typeof dealtWith {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
  return dealtWith;
}

/** Sends as fast as it goes, without saying how much it will be. */
function flood(response: ServerResponse): typeof dealtWith {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
  };
  response.on('drain', more);
  more();
  return dealtWith;
}

describe('a request', () => {
  it('gives the body of a 2xx reply', async () => {
    await using backend = await TestBackend.start((_, response) => {
      response.statusCode = 202;
      return { fine: true };
    });
    using poster = posterFor({});
    expect((await post(poster, backend.url)).toString()).toBe('{"fine":true}');
    const { headers, body } = await backend.next();
    expect(body).toBe('{}');
    expect(headers).toMatchObject({
      'webhook-id': 'msg_1',
      'content-length': '2',
      host: new URL(backend.url).host,
    });
  });

  it('uses a connection again', async () => {
    await using backend = await TestBackend.start();
    using poster = posterFor({});
    for (let count = 0; count < 5; count += 1) await post(poster, backend.url);
    expect(backend.connections).toBe(1);
  });

  it('is made once more when the kept connection was closed just then', async () => {
    await using backend = await TestBackend.start();
    using poster = posterFor({});
    await post(poster, backend.url);
    backend.behave = (_, response) => {
      backend.behave = () => ({ allow: true });
      response.socket?.resetAndDestroy();
      return dealtWith;
    };
    await post(poster, backend.url);
    expect(backend.received.seen).toHaveLength(3);
    // On a connection of its own it is a failure like any other.
    for (const socket of backend.sockets) socket.destroy();
    backend.behave = (_, response) => (response.socket?.resetAndDestroy(), dealtWith);
    using fresh = posterFor({});
    await expect(post(fresh, backend.url)).rejects.toMatchObject({ kind: 'down' });
    expect(backend.received.seen).toHaveLength(4);
  });

  it.each([
    [301, 'answered', 'answered with 301: redirects are not followed'],
    [400, 'answered', 'answered with 400'],
    [401, 'answered', 'answered with 401'],
    [429, 'down', 'answered with 429'],
    [500, 'answered', 'answered with 500'],
    [502, 'down', 'answered with 502'],
    [503, 'down', 'answered with 503'],
    [504, 'down', 'answered with 504'],
  ])('that is answered with %i fails', async (status, kind, message) => {
    await using backend = await TestBackend.start((_, response) => {
      response.writeHead(status, { location: '/elsewhere', 'retry-after': '7' }).end('{"allow":true}');
      return dealtWith;
    });
    using poster = posterFor({});
    await expect(post(poster, backend.url)).rejects.toMatchObject({
      kind,
      message,
      status,
      retryAfter: 7000,
    });
    expect(backend.received.seen).toHaveLength(1);
  });

  it.each([
    ['nothing', () => dealtWith],
    ['a byte at a time', (response: ServerResponse) => drip(response)],
    [
      'headers and no more',
      (response: ServerResponse) => (response.writeHead(200).flushHeaders(), dealtWith),
    ],
  ])(
    'that is answered with %s fails when its time is over, and lets go of the connection',
    async (_, behave) => {
      await using backend = await TestBackend.start((_received, response) => behave(response));
      using poster = posterFor({});
      await expect(post(poster, backend.url, 150)).rejects.toMatchObject({
        kind: 'down',
        message: 'did not answer in time',
      });
      await until(() => backend.sockets.size === 0, 'the connection is closed');
    },
  );

  it('that nobody takes fails when its time is over', async () => {
    // Takes connections, reads nothing and says nothing.
    const sockets: Socket[] = [];
    const server = createTcpServer({ pauseOnConnect: true }, (socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    using poster = posterFor({});
    const { port } = server.address() as AddressInfo;
    await expect(post(poster, `http://127.0.0.1:${port}/`, 150)).rejects.toMatchObject({ kind: 'down' });
    expect(sockets).toHaveLength(1);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    [
      'declares',
      (response: ServerResponse) => (
        response.setHeader('content-length', 70_000),
        response.flushHeaders(),
        dealtWith
      ),
    ],
    ['sends', flood],
  ])('that %s a reply which is too large fails at once, and lets go of the connection', async (_, behave) => {
    await using backend = await TestBackend.start((_received, response) => behave(response));
    using poster = posterFor({});
    await expect(post(poster, backend.url)).rejects.toMatchObject({
      message: 'answered with more than 65536 bytes',
    });
    await until(() => backend.sockets.size === 0, 'the connection is closed');
  });

  it('takes a reply of exactly the largest size', async () => {
    await using backend = await TestBackend.start(
      (_, response) => (response.end('x'.repeat(1000)), dealtWith),
    );
    using poster = posterFor({ replyBytes: 1000 });
    expect(await post(poster, backend.url)).toHaveLength(1000);
    using smaller = posterFor({ replyBytes: 999 });
    await expect(post(smaller, backend.url)).rejects.toMatchObject({ kind: 'answered' });
  });

  it.each([
    [
      'that ends in the middle',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{', () => response.destroy());
        return dealtWith;
      },
    ],
    [
      'that is none of HTTP',
      (response: ServerResponse) => (response.socket?.end('nonsense\r\n\r\n'), dealtWith),
    ],
    [
      'of another protocol',
      (response: ServerResponse) => (
        response.socket?.end('HTTP/1.1 101 x\r\nUpgrade: y\r\nConnection: upgrade\r\n\r\n'),
        dealtWith
      ),
    ],
  ])('fails for a reply %s', async (_, behave) => {
    await using backend = await TestBackend.start((_received, response) => behave(response));
    using poster = posterFor({});
    await expect(post(poster, backend.url, 2000)).rejects.toMatchObject({ kind: 'down' });
  });

  it('fails where nobody listens', async () => {
    const port = await closedPort();
    using poster = posterFor({});
    await expect(post(poster, `http://127.0.0.1:${port}/`)).rejects.toMatchObject({
      kind: 'down',
      message: 'cannot be reached (ECONNREFUSED)',
    });
  });

  it('fails once the poster is closed, under way or not', async () => {
    await using backend = await TestBackend.start(() => dealtWith);
    using poster = posterFor({});
    const under = post(poster, backend.url);
    await backend.next();
    poster.close();
    await expect(under).rejects.toMatchObject({ name: 'WebhookFailure' });
    await expect(post(poster, backend.url)).rejects.toMatchObject({ kind: 'ours' });
    await until(() => backend.sockets.size === 0, 'the connection is closed');
    expect(backend.connections).toBe(1);
  });
});

describe('https', () => {
  /** A certificate for 127.0.0.1 of an authority of its own. */
  function certificate(): { readonly key: string; readonly cert: string } {
    const folder = mkdtempSync(join(tmpdir(), 'thrum-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    try {
      const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
      const how = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      execFileSync('openssl', ['req', '-x509', ...how, '-keyout', key, '-out', cert, ...subject], {
        stdio: 'pipe',
      });
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('needs a certificate that this machine trusts', async () => {
    const tls = certificate();
    await using backend = await TestBackend.start(undefined, { tls });
    const stranger = posterFor({});
    await expect(post(stranger, backend.url)).rejects.toMatchObject({ kind: 'down' });
    stranger.close();
    expect(backend.received.seen).toEqual([]);
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, tls.cert]);
    try {
      using poster = posterFor({});
      expect((await post(poster, backend.url)).toString()).toBe('{"allow":true}');
    } finally {
      setDefaultCACertificates(before);
    }
  });
});
