import { exchange, openSocket, sampleKey, type UpgradeRequest, upgradeRequest } from '@thrum/testkit';
import { startServer } from '../support.ts';
import { describe, expect, it } from 'vitest';

async function answer(url: string, request: UpgradeRequest) {
  const socket = await openSocket(url);
  try {
    return await exchange(socket, upgradeRequest(new URL(url).host, request));
  } finally {
    socket.destroy();
  }
}

const manyHeaders = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`X-${index}`, 'x']));

const table: readonly [
  title: string,
  request: UpgradeRequest,
  status: number,
  headers?: Record<string, string>,
][] = [
  ['a correct handshake', {}, 101, { 'sec-websocket-accept': sampleKey.accept }],
  [
    'version 8, which ws alone would take',
    { headers: { 'Sec-WebSocket-Version': '8' } },
    426,
    { 'sec-websocket-version': '13' },
  ],
  ['version 14', { headers: { 'Sec-WebSocket-Version': '14' } }, 426, { 'sec-websocket-version': '13' }],
  ['no version', { headers: { 'Sec-WebSocket-Version': undefined } }, 426, { 'sec-websocket-version': '13' }],
  ['POST with Upgrade', { method: 'POST' }, 405, { allow: 'GET' }],
  ['an unknown path', { path: '/other' }, 404],
  ['the path with more behind it', { path: '/ws/' }, 404],
  ['65 headers and more', { headers: manyHeaders }, 431],
  ['more than 8 KiB of headers', { headers: { 'X-Long': 'x'.repeat(8200) } }, 431],
  ['no key', { headers: { 'Sec-WebSocket-Key': undefined } }, 400],
  ['a key that is too short', { headers: { 'Sec-WebSocket-Key': 'AAAA' } }, 400],
  ['an upgrade to something else', { headers: { Upgrade: 'h2c' } }, 400, { upgrade: 'websocket' }],
  [
    'an offered subprotocol that it speaks',
    { headers: { 'Sec-WebSocket-Protocol': 'chat, thrum.v1.json' } },
    101,
    { 'sec-websocket-protocol': 'thrum.v1.json' },
  ],
];

describe('the handshake', () => {
  it.each(table)('answers %s as PROTOCOL.md §1 says', async (_title, request, status, headers = {}) => {
    await using server = await startServer();
    const response = await answer(server.url, request);
    expect(response.status).toBe(status);
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name)).toBe(value);
  });

  it('does not echo a subprotocol that it does not speak', async () => {
    await using server = await startServer();
    const response = await answer(server.url, { headers: { 'Sec-WebSocket-Protocol': 'graphql-ws' } });
    expect(response.status).toBe(101);
    expect(response.headers.has('sec-websocket-protocol')).toBe(false);
  });

  it('does not negotiate compression', async () => {
    await using server = await startServer();
    const response = await answer(server.url, {
      headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    });
    expect(response.headers.has('sec-websocket-extensions')).toBe(false);
  });

  it('explains a refusal as a problem and ends the connection', async () => {
    await using server = await startServer();
    const socket = await openSocket(server.url);
    const response = await exchange(
      socket,
      upgradeRequest('127.0.0.1', { headers: { 'Sec-WebSocket-Key': 'x' } }),
    );
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(JSON.parse(response.rest.toString())).toMatchObject({ status: 400, title: 'Bad Request' });
    const ended = new Promise((resolve) => socket.once('end', resolve));
    socket.resume();
    await ended;
    socket.destroy();
  });

  it('answers a request without Upgrade with 426', async () => {
    await using server = await startServer();
    const response = await fetch(`${server.httpUrl}/ws`);
    expect(response.status).toBe(426);
    expect(response.headers.get('upgrade')).toBe('websocket');
  });
});

describe('the origin of a page', () => {
  const origins = ['https://app.example.com', 'http://localhost:8080'];

  it.each([
    ['the same', 'https://app.example.com', 101],
    ['another port', 'https://app.example.com:8443', 403],
    ['another scheme', 'http://app.example.com', 403],
    ['the name as a suffix', 'https://evil-app.example.com', 403],
    ['the name as a prefix', 'https://app.example.com.evil.com', 403],
    ['a subdomain', 'https://x.app.example.com', 403],
    ['a trailing slash', 'https://app.example.com/', 403],
    ['capitals', 'https://APP.example.com', 403],
    ['null', 'null', 403],
    ['a user name', 'https://app.example.com@evil.com', 403],
  ])('is compared exactly: %s', async (_title, origin, status) => {
    await using server = await startServer({ origins });
    expect((await answer(server.url, { headers: { Origin: origin } })).status).toBe(status);
  });

  it('is not asked of programs, which send none', async () => {
    await using server = await startServer({ origins });
    expect((await answer(server.url, {})).status).toBe(101);
  });

  it('is asked of whoever shows a cookie and no token', async () => {
    await using server = await startServer({ origins });
    expect((await answer(server.url, { headers: { Cookie: 'session=1' } })).status).toBe(403);
    expect((await answer(server.url, { path: '/ws?token=x', headers: { Cookie: 'session=1' } })).status).toBe(
      101,
    );
  });

  it('is refused twice in one request', async () => {
    await using server = await startServer({ origins });
    const lines = ['Origin: https://app.example.com', 'Origin: https://app.example.com'];
    expect((await answer(server.url, { lines })).status).toBe(403);
  });
});
