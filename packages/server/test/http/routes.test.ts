import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRaw, exchange, openSocket, readResponse } from '@thrum/testkit';
import { startServer } from '../support.ts';
import { describe, expect, it } from 'vitest';

async function site() {
  const parent = await mkdtemp(join(tmpdir(), 'thrum-'));
  const folder = join(parent, 'site');
  await mkdir(join(folder, 'assets'), { recursive: true });
  await writeFile(join(parent, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Playground</title>');
  await writeFile(join(folder, 'assets', 'main-abc123.js'), 'export {};');
  return { folder, [Symbol.asyncDispose]: () => rm(parent, { recursive: true }) };
}

describe('health', () => {
  it('is told to whoever asks', async () => {
    await using server = await startServer();
    for (const path of ['/healthz', '/readyz']) {
      const response = await fetch(server.httpUrl + path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(response.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('is not ready any more while the server drains, though still alive', async () => {
    await using server = await startServer();
    const socket = await openSocket(server.url);
    // A request that has begun holds its connection open while others are not taken any more.
    socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n');
    expect((await fetch(`${server.httpUrl}/readyz`)).status).toBe(200);
    const holding = await openSocket(server.url);
    holding.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
    await using client = await connectRaw(server.url);
    const closed = server.app.close({ drainMs: 5000 });
    await client.next('reconnect');
    expect((await exchange(socket, 'Connection: close\r\n\r\n')).status).toBe(503);
    socket.destroy();
    holding.destroy();
    await closed;
  });
});

describe('everything else', () => {
  it('is answered with a problem that repeats nothing of the request', async () => {
    await using server = await startServer();
    const response = await fetch(`${server.httpUrl}/nothing/<script>`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toBe(
      '{"title":"Not Found","status":404,"detail":"Nothing is served here."}\n',
    );
  });

  it('is refused with 405 for other methods, and with 431 for too many headers', async () => {
    await using server = await startServer();
    const refused = await fetch(`${server.httpUrl}/healthz`, { method: 'DELETE' });
    expect({ status: refused.status, allow: refused.headers.get('allow') }).toEqual({
      status: 405,
      allow: 'GET, HEAD',
    });
    expect((await fetch(server.httpUrl, { method: 'DELETE' })).status).toBe(404);
    expect((await fetch(`${server.httpUrl}/ws`, { method: 'POST' })).status).toBe(405);
    const headers = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`x-${index}`, 'x']));
    expect((await fetch(server.httpUrl, { headers })).status).toBe(431);
  });
});

describe('slow requests', () => {
  it.each([
    ['headers that trickle', 'GET /healthz HTTP/1.1\r\nHost: x\r\n'],
    ['a connection that stays silent', ''],
  ])('are answered with 408: %s', async (_title, bytes) => {
    await using server = await startServer({}, { headersSeconds: 0.1 });
    const socket = await openSocket(server.url);
    socket.write(bytes);
    expect((await readResponse(socket)).status).toBe(408);
    socket.destroy();
  });
});

describe('the playground', () => {
  it('is served only where it was asked for', async () => {
    await using server = await startServer();
    expect((await fetch(server.httpUrl)).status).toBe(404);
  });

  it('comes with a strict policy, the right types and caching by content', async () => {
    await using files = await site();
    await using server = await startServer({ playground: files.folder });
    const page = await fetch(server.httpUrl);
    expect(await page.text()).toContain('Playground');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toContain("connect-src 'self' ws: wss:");
    expect(policy).toContain("frame-ancestors 'none'");

    const script = await fetch(`${server.httpUrl}/assets/main-abc123.js`);
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('cache-control')).toContain('immutable');

    const etag = page.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    const again = await fetch(server.httpUrl, { headers: { 'If-None-Match': `"other", W/${etag}` } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');

    const head = await fetch(server.httpUrl, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe('40');
  });

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets',
    '//',
    '/assets/..\\..\\secret.txt',
    '/index.html%00',
  ])('serves nothing outside its folder: %s', async (path) => {
    await using files = await site();
    await using server = await startServer({ playground: files.folder });
    const socket = await openSocket(server.url);
    const response = await exchange(socket, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(response.status).toBe(404);
    socket.destroy();
  });
});
