import { exchange, openSocket } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { key, startApi } from './support.ts';

const path = '/channels/room:a/messages';

/** Bytes as they are, with a key, and what they are answered with. */
async function answerTo(
  url: string,
  request: string,
  lines: readonly string[],
  body: string | Uint8Array = '',
): Promise<{ status: number; text: string; headers: ReadonlyMap<string, string> }> {
  const socket = await openSocket(url);
  const head = [request, 'Host: x', `Authorization: Bearer ${key}`, 'Connection: close', ...lines, '', ''];
  const bytes = Buffer.concat([Buffer.from(head.join('\r\n')), Buffer.from(body)]);
  const { status, headers, rest } = await exchange(socket, bytes);
  const chunks = [rest];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return { status, headers, text: Buffer.concat(chunks).toString() };
}

const json = 'Content-Type: application/json';
const length = (body: string | Uint8Array) => `Content-Length: ${Buffer.from(body).length}`;

const postHead = (line: string): string =>
  [`POST ${path} HTTP/1.1`, 'Host: x', `X-API-Key: ${key}`, json, line, '', ''].join('\r\n');

describe('a body', () => {
  it.each([
    ['as a form', 'Content-Type: application/x-www-form-urlencoded'],
    ['as text', 'Content-Type: text/plain'],
    ['as something like JSON', 'Content-Type: application/jsonp'],
    ['without a type', 'X-Nothing: 1'],
    ['with an empty type', 'Content-Type: '],
    ['encoded', `${json}\r\nContent-Encoding: gzip`],
  ])('is refused with 415 %s', async (_title, line) => {
    await using api = await startApi();
    const body = '{"data":1}';
    const { status, text } = await answerTo(
      api.server.httpUrl,
      `POST ${path} HTTP/1.1`,
      [line, length(body)],
      body,
    );
    expect(status).toBe(415);
    expect(JSON.parse(text)).toMatchObject({
      code: 'invalid_message',
      detail: expect.stringContaining('application/json'),
    });
    expect(api.server.app.metrics.published).toBe(0);
  });

  it('may say its charset', async () => {
    await using api = await startApi();
    const headers = { 'Content-Type': 'Application/JSON; charset=utf-8' };
    expect((await api.send(`POST ${path}`, { data: 1 }, headers)).status).toBe(200);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"data":'],
    ['JSON with something behind it', '{"data":1}}'],
    ['JSON with a comment', '{"data":1/**/}'],
    ['a byte order mark', '\ufeff{"data":1} x'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['UTF-16', Buffer.from('{"data":1}', 'utf16le')],
  ])('is refused with 400 when it is %s', async (_title, body) => {
    await using api = await startApi();
    const { status, text } = await answerTo(
      api.server.httpUrl,
      'POST /notifications HTTP/1.1',
      [json, length(body)],
      body,
    );
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ code: 'invalid_message', detail: 'Expected a body in JSON.' });
  });

  it('is refused with 413 before it has come, by what it declares', async () => {
    await using api = await startApi({ limits: { messageBytes: 100 } });
    const socket = await openSocket(api.server.httpUrl);
    const { status, rest } = await exchange(socket, postHead('Content-Length: 1000000000'));
    expect(status).toBe(413);
    expect(rest.toString()).toContain('Expected at most 100 bytes.');
    socket.destroy();
  });

  it('is refused with 413 as soon as it is too long, where it declares nothing', async () => {
    await using api = await startApi({ limits: { messageBytes: 100 } });
    const socket = await openSocket(api.server.httpUrl);
    // It never ends.
    const { status } = await exchange(
      socket,
      `${postHead('Transfer-Encoding: chunked')}65\r\n${'x'.repeat(101)}\r\n`,
    );
    expect(status).toBe(413);
    socket.destroy();
  });

  it('may be exactly as long as a message', async () => {
    await using api = await startApi({ limits: { messageBytes: 100 } });
    const body = JSON.stringify({ data: 'x'.repeat(89) });
    expect(body).toHaveLength(100);
    expect((await api.send(`POST ${path}`, body)).status).toBe(200);
    expect((await api.send(`POST ${path}`, `${body} `)).status).toBe(413);
  });

  it('that trickles is given up with the time for a request', async () => {
    await using api = await startApi();
    const { app } = api.server;
    await using listening = await app
      .listen({ port: 0, headersSeconds: 0.1, requestSeconds: 0.2 })
      .then(({ url }) => ({ url, [Symbol.asyncDispose]: async () => undefined }));
    const socket = await openSocket(listening.url);
    const head = [
      `POST ${path} HTTP/1.1`,
      'Host: x',
      `X-API-Key: ${key}`,
      json,
      'Content-Length: 50',
      '',
      '{',
    ];
    expect((await exchange(socket, head.join('\r\n'))).status).toBe(408);
    socket.destroy();
  });

  it.each([
    ['__proto__ and constructor', '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}'],
    ['duplicate keys', '{"a":1,"a":2}'],
    ['U+0000', '{"a":"\\u0000"}'],
  ])('is stored as it is: %s', async (_title, data) => {
    await using api = await startApi();
    expect((await api.send('POST /notifications', data)).status).toBe(200);
    expect((await api.send(`POST ${path}`, `{"data":${data}}`)).status).toBe(200);
    expect((await api.send('POST /batch', `[{"channel":"room:a","data":${data}}]`)).status).toBe(200);
    expect(Object.prototype).not.toHaveProperty('admin');
    const { text } = await api.send('GET /channels/room:a/history');
    const kept = data === '{"a":1,"a":2}' ? '{"a":2}' : data;
    expect(text.split(`"data":${kept}`)).toHaveLength(3);
  });

  it.each([
    ['__proto__ beside data', '{"data":1,"__proto__":{"event":"x"}}', 400, 'invalid_frame'],
    ['1e999', '{"data":1e999}', 422, 'invalid_data'],
    ['33 levels', `{"data":${'['.repeat(33)}${']'.repeat(33)}}`, 422, 'invalid_data'],
    ['10,000 levels', `{"data":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 422, 'invalid_data'],
    ['an event with a lone surrogate', '{"data":1,"event":"\\ud800"}', 422, 'invalid_event'],
  ])('is refused: %s', async (_title, body, status, code) => {
    await using api = await startApi();
    expect(await api.send(`POST ${path}`, body)).toMatchObject({ status, body: { code } });
  });
});

describe('a request', () => {
  it.each([
    ['PUT /notifications', 'POST'],
    ['GET /notifications', 'POST'],
    ['DELETE /channels', 'GET, HEAD'],
    ['POST /channels/room:a/history', 'GET, HEAD'],
    ['PATCH /users/1/connections', 'DELETE'],
    ['OPTIONS /batch', 'POST'],
  ])('with another method gets 405 and what is allowed: %s', async (line, allow) => {
    await using api = await startApi();
    const refused = await api.send(line);
    expect(refused).toMatchObject({ status: 405, body: { status: 405, title: 'Method Not Allowed' } });
    expect(refused.headers.get('allow')).toBe(allow);
  });

  it.each([
    '/channels/',
    '/channels//messages',
    '/channels/a/b/messages',
    '/channels/a',
    '/Channels',
    '/batch/',
    '/users',
  ])('for a path that is not there gets 404: %s', async (wanted) => {
    await using api = await startApi();
    expect((await answerTo(api.server.httpUrl, `GET ${wanted} HTTP/1.1`, [])).status).toBe(404);
  });

  it.each([
    '/channels/%/history',
    '/channels/%zz/history',
    '/channels/%ff/history',
    '/channels/%c0%80/history',
  ])('with a path that cannot be decoded gets 400: %s', async (wanted) => {
    await using api = await startApi();
    const { status, text } = await answerTo(api.server.httpUrl, `GET ${wanted} HTTP/1.1`, []);
    expect(status).toBe(400);
    expect(text).toContain('"status":400');
  });

  it('with too many or too large headers gets 431', async () => {
    await using api = await startApi();
    const many = Array.from({ length: 70 }, (_, index) => `X-${index}: 1`);
    expect((await answerTo(api.server.httpUrl, 'GET /channels HTTP/1.1', many)).status).toBe(431);
    const large = [`X-Large: ${'x'.repeat(9000)}`];
    expect((await answerTo(api.server.httpUrl, 'GET /channels HTTP/1.1', large)).status).toBe(431);
    const huge = [`X-Huge: ${'x'.repeat(30_000)}`];
    expect((await answerTo(api.server.httpUrl, 'GET /channels HTTP/1.1', huge)).status).toBe(431);
  });

  it('with two idempotency keys is refused, even if they are the same', async () => {
    await using api = await startApi();
    const body = '{"data":1}';
    const lines = [json, length(body), 'Idempotency-Key: a', 'idempotency-key: a'];
    const { status, text } = await answerTo(api.server.httpUrl, `POST ${path} HTTP/1.1`, lines, body);
    expect({ status, code: (JSON.parse(text) as { code: string }).code }).toEqual({
      status: 400,
      code: 'invalid_frame',
    });
  });

  it('gets no CORS headers: the API is for backends', async () => {
    await using api = await startApi();
    const { headers } = await api.send('GET /channels', undefined, { Origin: 'http://localhost:5173' });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  it('that fails inside says nothing of the cause, which the log has', async () => {
    const boom = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => {
          throw new Error('a secret of the schema');
        },
      },
    } as const;
    await using api = await startApi({ channels: { 'room:{name}': { events: { message: boom } } } });
    const { status, text } = await api.send(`POST ${path}`, { data: 1 });
    expect(status).toBe(500);
    expect(JSON.parse(text)).toEqual({
      title: 'Internal Server Error',
      status: 500,
      detail: 'Internal error.',
      code: 'internal',
    });
    expect(api.server.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        error: expect.objectContaining({ message: 'a secret of the schema' }),
      }),
    );
  });

  it('after the server was closed is refused with 503', async () => {
    await using api = await startApi();
    const handle = api.server.app.handler();
    const { createServer } = await import('node:http');
    const server = createServer((request, response) => handle(request, response)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    await api.server.close();
    const { port } = server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/channels`, { headers: { 'X-API-Key': key } });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    server.close();
    server.closeAllConnections();
  });
});
