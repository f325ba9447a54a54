import { networkInterfaces } from 'node:os';
import { exchange, openSocket } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { createThrum } from '../../../src/index.ts';
import { silentLog, startServer } from '../../support.ts';
import { channels, key, sender, startApi } from './support.ts';

const other = 'another-key-of-the-http-api-also-long-enough';
const production = {
  mode: 'production',
  auth: { secret: 'x'.repeat(32) },
  origins: ['https://example.com'],
} as const;

/** The status that a request gets with exactly these header lines. */
async function statusWith(url: string, lines: readonly string[], path = '/channels'): Promise<number> {
  const socket = await openSocket(url);
  const hasHost = lines.some((line) => /^host:/i.test(line));
  const head = [`GET ${path} HTTP/1.1`, ...(hasHost ? [] : [`Host: ${new URL(url).host}`]), ...lines, '', ''];
  const { status } = await exchange(socket, head.join('\r\n'));
  socket.destroy();
  return status;
}

describe('an API key', () => {
  it.each([
    ['as a bearer', [`Authorization: Bearer ${key}`], 200],
    ['as a bearer, the scheme in other casing', [`authorization: bEARER  ${key} `], 200],
    ['in X-API-Key', [`X-API-Key: ${key}`], 200],
    [
      'in X-API-Key beside another kind of credential',
      [`Authorization: Basic eDp5`, `X-API-Key: ${key}`],
      200,
    ],
    ['the other of two', [`x-api-key: ${other}`], 200],
    ['missing', [], 401],
    ['empty', ['X-API-Key: ', 'Authorization: Bearer '], 401],
    ['wrong', ['Authorization: Bearer wrong'], 401],
    ['in other casing', [`Authorization: Bearer ${key.toUpperCase()}`], 401],
    ['with something behind it', [`Authorization: Bearer ${key}x`], 401],
    ['only its beginning', [`Authorization: Bearer ${key.slice(0, -1)}`], 401],
    ['both at once', [`Authorization: Bearer ${key} ${other}`], 401],
    ['as a basic password', [`Authorization: Basic ${Buffer.from(`x:${key}`).toString('base64')}`], 401],
    ['wrong as a bearer, right in X-API-Key', [`Authorization: Bearer wrong`, `X-API-Key: ${key}`], 401],
    ['given twice', [`X-API-Key: ${key}`, `X-API-Key: ${key}`], 401],
    [
      'given twice as a bearer, the second one right',
      ['Authorization: Bearer wrong', `Authorization: Bearer ${key}`],
      401,
    ],
    ['in a cookie', [`Cookie: key=${key}`], 401],
  ])('%s', async (_title, lines, status) => {
    await using api = await startApi({ apiKeys: [key, other] });
    expect(await statusWith(api.server.httpUrl, lines)).toBe(status);
  });

  it('in a URL opens nothing', async () => {
    await using api = await startApi();
    for (const name of ['key', 'api_key', 'apikey', 'api-key', 'token', 'access_token'])
      expect(await statusWith(api.server.httpUrl, [], `/channels?${name}=${key}`), name).toBe(401);
  });

  it('stands in no log, wherever it came', async () => {
    await using api = await startApi({
      broker: {
        durable: false,
        publish: () => Promise.reject(new Error('down')),
        read: () => Promise.reject(new Error('down')),
        subscribe: () => () => undefined,
        close: () => undefined,
      },
    });
    expect((await api.send('GET /channels/room:a/history')).status).toBe(503);
    expect(await statusWith(api.server.httpUrl, ['X-API-Key: x'], `/channels?key=${key}`)).toBe(401);
    expect(api.server.lines.some(({ level }) => level === 'error')).toBe(true);
    expect(JSON.stringify(api.server.lines)).not.toContain(key);
  });

  it('that is missing or wrong is told apart, with what to do', async () => {
    await using api = await startApi();
    const missing = await api.send('GET /channels', undefined, { Authorization: '' });
    expect(missing).toMatchObject({ status: 401, body: { code: 'authentication_required' } });
    expect(missing.headers.get('www-authenticate')).toBe('Bearer realm="thrum"');
    const wrong = await api.send('POST /notifications', { text: 'hi' }, { Authorization: 'Bearer nope' });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
    expect(wrong.text).not.toContain('nope');
    expect(api.server.app.metrics.published).toBe(0);
  });

  it('is asked for of every operation but the document', async () => {
    await using api = await startApi();
    const lines = [
      'POST /channels/room:a/messages',
      'POST /batch',
      'POST /notifications',
      'GET /channels/room:a/history',
      'GET /channels/room:a/presence',
      'GET /channels',
      'HEAD /channels',
      'GET /connections',
      'DELETE /users/1/connections',
    ];
    for (const line of lines)
      expect((await api.send(line, undefined, { Authorization: '' })).status, line).toBe(401);
    expect((await api.send('GET /openapi.json', undefined, { Authorization: '' })).status).toBe(200);
  });

  it.each([
    ['', 'expected a key, got an empty string'],
    ['with space', 'expected letters, digits'],
    ['schlüssel', 'expected letters, digits'],
    ['short', 'expected at least 32 characters in production, got 5'],
  ])('that cannot be used is refused when the server is made: %j', (apiKeys, message) => {
    expect(() => createThrum({ ...production, channels: { news: {} }, apiKeys, log: silentLog })).toThrow(
      message,
    );
  });
});

describe('without a key', () => {
  it('the API is off in production, and the start says so', async () => {
    await using server = await startServer({ ...production, channels });
    const send = sender(server.httpUrl);
    for (const line of [
      'GET /channels',
      'GET /openapi.json',
      'POST /notifications',
      'DELETE /users/1/connections',
    ])
      expect((await send(line)).status, line).toBe(404);
    expect(server.lines.filter(({ message }) => message.includes('the HTTP API'))).toMatchObject([
      { level: 'warn', message: expect.stringContaining('is off') },
    ]);
  });

  it('a development server says once that none is needed on this machine', async () => {
    await using server = await startServer();
    expect((await fetch(`${server.httpUrl}/channels`)).status).toBe(200);
    expect((await fetch(`${server.httpUrl}/channels`)).status).toBe(200);
    expect(server.lines.filter(({ message }) => message.includes('the HTTP API'))).toMatchObject([
      { level: 'warn', message: expect.stringContaining('needs no key on this machine') },
    ]);
  });

  it.each([
    ['a program', [], 200],
    ['a program that says localhost', ['Host: localhost:3000'], 200],
    ['a program that says [::1]', ['Host: [::1]:3000'], 200],
    [
      'the page that this server serves',
      ['Origin: http://127.0.0.1:3000', 'Sec-Fetch-Site: same-origin'],
      200,
    ],
    ['a page of this machine', ['Origin: http://localhost:5173', 'Sec-Fetch-Site: same-site'], 200],
    ['a page of another site', ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site'], 403],
    ['a page of another site without Sec-Fetch-Site', ['Origin: https://evil.example'], 403],
    ['a page of another site without Origin', ['Sec-Fetch-Site: cross-site'], 403],
    ['a page without an origin', ['Origin: null'], 403],
    ['a name that was rebound to this machine', ['Host: evil.example:3000'], 403],
    ['the same with its own page', ['Host: evil.example', 'Origin: http://evil.example'], 403],
    ['a name that only begins like this machine', ['Host: localhost.evil.example'], 403],
    ['a name that only ends like this machine', ['Host: evil-localhost'], 403],
    ['an address that only begins like this machine', ['Host: 127.0.0.1.evil.example'], 403],
    ['a proxy in between', ['X-Forwarded-For: 203.0.113.7'], 403],
    ['a proxy in between that says it as RFC 7239', ['Forwarded: for=203.0.113.7'], 403],
  ])('a development server serves or refuses %s', async (_title, lines, status) => {
    await using server = await startServer();
    expect(await statusWith(server.httpUrl, lines)).toBe(status);
  });

  it('a development server refuses other machines', async () => {
    const address = Object.values(networkInterfaces())
      .flat()
      .find((found) => found?.family === 'IPv4' && !found.internal)?.address;
    // A machine without a network has nobody to refuse.
    if (address === undefined) return;
    await using server = await startServer({}, { host: '0.0.0.0' });
    expect(await statusWith(`http://${address}:${server.port}`, ['Host: localhost'])).toBe(403);
    expect(await statusWith(`http://127.0.0.1:${server.port}`, ['Host: localhost'])).toBe(200);
  });

  it('a development server with a key asks for it on this machine too', async () => {
    await using api = await startApi();
    expect((await fetch(`${api.server.httpUrl}/channels`)).status).toBe(401);
  });
});
